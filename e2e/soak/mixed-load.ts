import type { Agent } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { ask, begin, echo, eventually, oneConnection, rawExchange, type Scope, startBackend } from '@vrata/testkit'
import { residentBytes } from '../bench/machine/cpu-time.ts'
import { spreadOf } from '../bench/report/statistics.ts'
import { startGateway } from '../gateway.ts'
import { acceptedConnections } from '../sockets.ts'

/** What a mixed load came to. */
export interface MixedLoadReport {
  /** Things done, by kind. */
  readonly done: Readonly<Record<string, number>>
  /** A sentence for each that ended otherwise than it had to; the first 20. */
  readonly failures: readonly string[]
  /** The proxy's resident memory in MB, once a second or more often. */
  readonly megabytes: readonly number[]
  /** Medians of the second and of the last quarter, and their relation - 1. */
  readonly early: number
  readonly late: number
  readonly growth: number
}

interface Tools {
  readonly url: string
  readonly port: number
  readonly agent: Agent
}

const large = 1_000_000
/** How often each deed is done at least. */
const least = 11
const document = JSON.stringify({ text: 'x'.repeat(10_000) })

/** What clients do, well-behaved and other ones. Each rejects when it ends otherwise than it has to. */
const deeds: Readonly<Record<string, (tools: Tools) => Promise<void>>> = {
  async 'small answer, kept connection'({ url, agent }) {
    const { status, body } = await ask(`${url}/hello`, { agent })
    expect(status === 200 && body === 'hello', `hello: ${status} ${body}`)
  },
  async 'small answer, new connection'({ url }) {
    const { status } = await ask(`${url}/hello`)
    expect(status === 200, `hello: ${status}`)
  },
  async 'document with a length'({ url, agent }) {
    const { status, body } = await ask(`${url}/echo`, { method: 'POST', agent, body: document })
    expect(status === 200 && JSON.parse(body).body === document, `echo: ${status}`)
  },
  async 'document in chunks'({ url, agent }) {
    const headers = { 'transfer-encoding': 'chunked' }
    const { status, body } = await ask(`${url}/echo`, { method: 'POST', agent, body: document, headers })
    expect(status === 200 && JSON.parse(body).body === document, `echo: ${status}`)
  },
  async 'large answer'({ url, agent }) {
    const { status, body } = await ask(`${url}/large`, { agent })
    expect(status === 200 && body.length === large, `large: ${status}, ${body.length} bytes`)
  },
  async 'large answer that the client cuts'({ url }) {
    const response = await begin(`${url}/large`)
    response.on('error', () => undefined) // cut by ourselves
    response.once('data', () => response.destroy())
    await new Promise((resolve) => response.on('close', resolve))
  },
  async 'upload that the client cuts'({ port }) {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined) // reset by ourselves
    await new Promise<void>((resolve) => {
      const head = 'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n'
      socket.write(head + document, () => resolve())
    })
    socket.resetAndDestroy()
  },
  async 'bad request'({ port }) {
    const answer = await rawExchange(port, 'GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n')
    expect(answer.startsWith('HTTP/1.1 400 '), `bad request: ${answer.slice(0, 100)}`)
  },
  async 'no route'({ port, agent }) {
    const { status } = await ask(`http://127.0.0.1:${port}/none`, { agent })
    expect(status === 404, `no route: ${status}`)
  },
}

/**
 * All of it at the same time through one proxy, for a while; then waits until the proxy has let go of every connection.
 * @param pause milliseconds that each client rests between two deeds
 */
export async function mixedLoad(
  scope: Scope,
  { seconds, clients, pause }: { readonly seconds: number; readonly clients: number; readonly pause: number },
): Promise<MixedLoadReport> {
  const { proxy, port, url, base, activate } = await startGateway(scope)
  const backend = await startBackend(scope, {
    recordBodies: false,
    handler: (request, response) => {
      if (request.url === '/hello') response.end('hello')
      else if (request.url === '/large') response.end(Buffer.alloc(large, 'x'))
      else return echo(request, response)
    },
  })
  const config = ['hello', 'echo', 'large'].reduce((sum, name) => sum.forward(name, `/${name}`, 'a'), base)
  await activate(config.destination('a', backend.address))

  const done: Record<string, number> = Object.fromEntries(Object.keys(deeds).map((name) => [name, 0]))
  const failures: string[] = []
  const until = performance.now() + seconds * 1000
  /** Also when time is over, while all is well: on a machine that stood still, until there was some of everything. */
  const goesOn = (): boolean =>
    performance.now() < until || (failures.length === 0 && Object.values(done).some((count) => count < least))
  const client = async (first: number): Promise<void> => {
    const agent = oneConnection()
    const list = Object.entries(deeds)
    for (let turn = first; goesOn(); turn++) {
      const [name, deed] = list[turn % list.length] ?? []
      if (name === undefined || deed === undefined) throw new Error('there are no deeds')
      try {
        await deed({ url, port, agent })
        done[name] = (done[name] ?? 0) + 1
      } catch (error) {
        if (failures.length < 20) failures.push(`${name}: ${error}`)
      }
      await wait(pause)
    }
    agent.destroy()
  }
  const megabytes: number[] = []
  const watch = async (): Promise<void> => {
    while (performance.now() < until) {
      megabytes.push(residentBytes([proxy.program.pid]) / 1024 / 1024)
      await wait(Math.min(1000, seconds * 10))
    }
  }
  await Promise.all([watch(), ...Array.from({ length: clients }, (_, n) => client(n))])
  await eventually('the proxy to let go of all connections', () => acceptedConnections(proxy.program.pid, port) === 0)
  const quarter = Math.floor(megabytes.length / 4)
  const early = spreadOf(megabytes.slice(quarter, quarter * 2)).median
  const late = spreadOf(megabytes.slice(-quarter)).median
  return { done, failures, megabytes, early, late, growth: late / early - 1 }
}

function expect(right: boolean, otherwise: string): void {
  if (!right) throw new Error(otherwise)
}
