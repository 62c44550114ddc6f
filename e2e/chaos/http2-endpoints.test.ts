import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { ask, eventually, own, type Scope } from '@vrata/testkit'
import { Dice } from '../dice.ts'
import { startGateway } from '../gateway.ts'

/** The same choices for the same seed. */
function choices(seed: number) {
  const dice = new Dice(seed)
  const share = (): number => dice.below(2 ** 32) / 2 ** 32
  return {
    share,
    /** Mostly little, sometimes more than the windows of HTTP/2 take. */
    size: () => Math.floor(share() ** 4 * 300_000),
    later: (deed: () => void) => void setTimeout(deed, share() * 6),
  }
}

type Choices = ReturnType<typeof choices>

/** Codes of resets. Those that the library of the endpoint itself puts off are left to tests by hand-made frames. */
const codes = [1, 2, 5, 7, 11, 13]

/** An endpoint of HTTP/2 that answers, or breaks off, at any moment and in any way. */
async function unreliableEndpoint(scope: Scope, { share, size, later }: Choices): Promise<string> {
  const sessions = new Set<ServerHttp2Session>()
  const server = createServer({ settings: { maxConcurrentStreams: 20 } })
  server.on('session', (session) => {
    sessions.add(session)
    session.on('close', () => sessions.delete(session))
    session.on('error', () => undefined) // broken on purpose
    const { socket } = session
    const end = share()
    if (end < 0.1) later(() => session.close())
    else if (end < 0.2) later(() => session.destroy())
    else if (end < 0.3) later(() => socket?.destroy())
  })
  server.on('stream', (stream) => {
    stream.on('error', () => undefined)
    if (share() < 0.7) stream.resume()
    if (share() < 0.4) answer(stream)
    else later(() => answer(stream))
  })
  const breakOff = (stream: ServerHttp2Stream) => stream.close(codes[Math.floor(share() * codes.length)])
  const answer = (stream: ServerHttp2Stream) => {
    if (stream.destroyed || stream.closed) return
    if (share() < 0.1) {
      breakOff(stream)
      return
    }
    stream.respond({ ':status': 200 })
    stream.write('y'.repeat(size()))
    const complete = share() < 0.7
    later(() => {
      if (stream.destroyed || stream.closed) return
      if (complete) stream.end('z')
      else breakOff(stream)
    })
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  own(scope, () => {
    server.close()
    for (const session of sessions) session.destroy()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** One request of a client that goes away now and then; its status, or undefined when there was no whole answer. */
function visit(url: string, agent: Agent, { share, size, later }: Choices): Promise<number | undefined> {
  const { promise, resolve } = Promise.withResolvers<number | undefined>()
  const upload = share() < 0.5
  const sent = request(url, { agent, method: upload ? 'POST' : 'GET' })
  sent.on('response', (response) => {
    response.resume()
    response.on('end', () => resolve(response.statusCode))
    response.on('error', () => resolve(undefined))
  })
  sent.on('error', () => resolve(undefined))
  sent.on('close', () => resolve(undefined))
  if (share() < 0.15) later(() => sent.destroy())
  if (upload) {
    sent.write('x'.repeat(size()))
    later(() => sent.end())
  } else sent.end()
  return promise
}

test('endpoints of HTTP/2 and clients that break off at any moment leave nothing behind', async (t) => {
  const random = choices(1)
  const gateway = await startGateway(t)
  const { proxy, url, base } = gateway
  const address = await unreliableEndpoint(t, random)
  await gateway.activate(base.destination('d', address, { options: { http2: true } }).forward('all', '/', 'd'))
  const agent = new Agent({ keepAlive: true })
  const statuses = new Map<number | undefined, number>()
  let left = 3_000
  const client = async () => {
    while (left-- > 0) {
      const status = await visit(url, agent, random)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: 24 }, client))
  agent.destroy()

  assert.ok((statuses.get(200) ?? 0) > 1_000, JSON.stringify([...statuses]))
  assert.deepEqual(
    [...statuses.keys()].filter((status) => status !== undefined && ![200, 502, 503].includes(status)),
    [],
  )
  await eventually('nothing to be in flight', async () => {
    const endpoints = JSON.parse((await ask(`${proxy.adminUrl}/endpoints`)).body) as {
      endpoints: { inFlight: number; waiting: number }[]
    }[]
    return endpoints.every((one) => one.endpoints.every(({ inFlight, waiting }) => inFlight + waiting === 0))
  })
  await eventually('all clients to be let go', async () => {
    const metrics = (await ask(`${proxy.adminUrl}/metrics`)).body
    return /^vrata_listener_active_connections\{.*\} 0$/m.test(metrics)
  })
  assert.deepEqual(
    proxy.program.logs.filter(({ level }) => level === 'error'),
    [],
  )
})
