import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'

/** Ports that are given out unless the kernel takes its own for outgoing connections from among them. */
const usual = { from: 20_000, to: 32_000 }

/**
 * Ports that a process of tests has to itself. It holds the first of them for as long as it lives, by listening on it,
 * and so no other process of tests gives out the others.
 */
const blockSize = 16

/** Where ports are taken from: `from` is among them, `to` is not. */
interface Range {
  readonly from: number
  readonly to: number
}

/** Ports of this process that were not given out yet. */
let left: number[] = []
/** Calls come one after the other, so that no two of them claim a block for the same need. */
let last: Promise<unknown> = Promise.resolve()
/** What holds the blocks of this process; referred to, so that none is collected. */
const holders: Server[] = []

/**
 * A TCP port on which nobody listens, and which nobody who asks here, in this process or in others, was given or is
 * given while this process lives. Only for servers that cannot be told port 0: those whose port stands in a snapshot,
 * or that are restarted on the same one; and for ports on which nobody is to listen.
 */
export function freePort(): Promise<number> {
  const port = last.then(nextFree)
  last = port.catch(() => undefined) // told to its caller
  return port
}

async function nextFree(): Promise<number> {
  for (;;) {
    const port = left.pop()
    if (port === undefined) left = await claimBlock()
    else if (await isFree(port)) return port
  }
}

async function claimBlock(): Promise<number[]> {
  const { from, to } = portRange(outgoingPorts())
  const blocks = Math.floor((to - from) / blockSize)
  const first = Math.floor(Math.random() * blocks)
  for (let n = 0; n < blocks; n++) {
    const start = from + ((first + n) % blocks) * blockSize
    const holder = await listening(start)
    if (holder === undefined) continue
    holder.unref() // the process may end
    holders.push(holder)
    return Array.from({ length: blockSize - 1 }, (_, at) => start + blockSize - 1 - at)
  }
  throw new Error(`no free ports between ${from} and ${to}`)
}

/**
 * Where to take ports from when the kernel takes those of outgoing connections from `outgoing`: a port from among them
 * could be in use as somebody's source port by the time a server wants it, which happens in tests that make many
 * connections. So from below or above; where there is no room, from where there is most of it.
 */
export function portRange(outgoing: Range): Range {
  const wanted = usual.to - usual.from
  if (outgoing.from >= usual.to || outgoing.to <= usual.from) return usual
  const below = { from: Math.max(1024, outgoing.from - wanted), to: outgoing.from }
  const above = { from: outgoing.to, to: Math.min(65_536, outgoing.to + wanted) }
  const roomier = below.to - below.from >= above.to - above.from ? below : above
  return roomier.to - roomier.from >= 100 * blockSize ? roomier : usual
}

/** From where the kernel takes the ports of outgoing connections; Linux's default when it does not say. */
function outgoingPorts(): Range {
  try {
    const [from = 0, to = 0] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'latin1').split(/\s+/).map(Number)
    return { from, to: to + 1 }
  } catch {
    return { from: 32_768, to: 61_000 }
  }
}

/** Whether a server could listen on this port on all interfaces now. */
export async function isFree(port: number): Promise<boolean> {
  const server = await listening(port)
  if (server === undefined) return false
  server.close()
  await once(server, 'close')
  return true
}

/** A server on this port on all interfaces; undefined when it is taken, or not allowed: not usable either way. */
async function listening(port: number): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy())
  try {
    server.listen(port, '0.0.0.0')
    await once(server, 'listening')
    return server
  } catch {
    return undefined
  }
}
