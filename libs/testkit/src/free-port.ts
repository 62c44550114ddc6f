import { once } from 'node:events'
import { createServer } from 'node:net'

/**
 * Below Linux's range for outgoing connections (32768 on): a port taken from that range could be in use as somebody's
 * source port by the time a server wants it, which happens in tests that make many connections.
 */
const lowest = 20_000
const highest = 32_000

const given = new Set<number>()

/**
 * A TCP port on which nobody listens and which this process has not given out before. Only for servers that cannot
 * be told port 0: those whose port stands in a snapshot, or that are restarted on the same one.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest))
    if (!given.has(port) && (await isFree(port))) {
      given.add(port)
      return port
    }
  }
  throw new Error(`no free port between ${lowest} and ${highest} in 200 tries`)
}

/** Whether a server could listen on this port on all interfaces now. */
export async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    server.listen(port, '0.0.0.0')
    await once(server, 'listening')
    return true
  } catch {
    return false // taken, or not allowed: not usable either way
  } finally {
    server.close()
  }
}
