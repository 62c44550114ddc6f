import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, afterEach, before, describe, test } from 'node:test'
import { ask, type Backend, eventually, freePort, type ProxyProgram, type Scope, startBackend } from '@vrata/testkit'
import { residentBytes } from '../bench/machine/cpu-time.ts'
import { type Gateway, startGateway } from '../gateway.ts'
import { assertRefused, many, RudeClient, written } from '../rude-client.ts'
import { acceptedConnections, openFiles } from '../sockets.ts'

const megabyte = 1024 * 1024
const large = 8 * megabyte
/** Connections that the proxy may have to the backend. */
const slots = 8
/** What clients of the quick listener are given for each step, in milliseconds. */
const quick = 500
const timeout = `${quick}ms`

describe('a proxy survives what clients do to it', () => {
  const releases: (() => unknown)[] = []
  const scope: Scope = { after: (release) => void releases.push(release) }
  let gateway: Gateway
  let proxy: ProxyProgram
  let backend: Backend
  let quickPort: number
  let boundedPort: number
  /** Requests that the backend is busy with. */
  let inFlight = 0
  let hold: Promise<void> = Promise.resolve()
  let files = 0

  before(async () => {
    gateway = await startGateway(scope)
    proxy = gateway.proxy
    backend = await startBackend(scope, {
      recordBodies: false,
      handler: async (request, response) => {
        inFlight++
        response.on('close', () => inFlight--)
        if (request.url === '/large') response.end(Buffer.alloc(large))
        else if (request.url === '/hold') {
          await hold
          response.end('held')
        } else {
          request.on('error', () => undefined) // the client went away: 'close' of the response follows
          request.resume().on('end', () => response.end('hello'))
        }
      },
    })
    quickPort = await freePort()
    boundedPort = await freePort()
    const timeouts = {
      clientHeader: timeout,
      clientRequest: timeout,
      clientResponse: timeout,
      idleBetweenRequests: timeout,
    }
    const quickly = { timeouts }
    const bounded = { timeouts: { clientRequestTotal: timeout } }
    await gateway.activate(
      gateway.base
        .listener('quick', quickPort, quickly)
        .listener('bounded', boundedPort, bounded)
        .destination('a', backend.address, { options: { maxConnsPerHost: slots } })
        .forward('all', '/', 'a'),
    )
    await ask(gateway.url)
    files = openFiles(proxy.program.pid).length
  })

  afterEach(async () => {
    const { pid } = proxy.program
    for (const port of [gateway.port, quickPort, boundedPort]) {
      await eventually(`no connection on port ${port}`, () => acceptedConnections(pid, port) === 0)
    }
    await eventually('the backend to be left alone', () => inFlight === 0)
    await allSlotsFree()
    assert.ok(backend.connections() <= slots)
    // the connections to the backend stay open for those who come later
    await eventually('no file left open', () => openFiles(pid).length <= files + slots)
  })

  after(async () => {
    for (const release of releases.reverse()) await release()
  })

  /** As many requests as there are connections to the backend, all there at the same time. */
  async function allSlotsFree(): Promise<void> {
    const gate = Promise.withResolvers<void>()
    hold = gate.promise
    const answers = Array.from({ length: slots }, () => ask(`${gateway.url}/hold`))
    try {
      await eventually('a request on each connection to the backend', () => inFlight === slots)
    } finally {
      gate.resolve()
    }
    for (const { body } of await Promise.all(answers)) assert.equal(body, 'held')
  }

  test('200 heads that come line by line without an end are cut off in time, and others are served meanwhile', async () => {
    const began = performance.now()
    const clients = many(200, () => {
      const client = new RudeClient(quickPort)
      client.socket.write('GET / HTTP/1.1\r\nHost: a\r\n')
      client.drip('X: y\r\n', 50)
      return client
    })
    assert.equal((await ask(gateway.url)).body, 'hello')
    await eventually('an answer to who is quick', async () => {
      return (await ask(`http://127.0.0.1:${quickPort}/`)).body === 'hello'
    })
    await Promise.all(clients.map(({ closed }) => closed))
    assert.ok(performance.now() - began >= quick, 'nobody is cut off before the time')
    for (const client of clients) assertRefused(client, 408, 'request_timeout')
  })

  test('clients that say nothing, or stop after their first request, are let go', async () => {
    const silent = many(50, () => new RudeClient(quickPort))
    const idle = many(50, () => {
      const client = new RudeClient(quickPort)
      client.socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      return client
    })
    await Promise.all([...silent, ...idle].map(({ closed }) => closed))
    for (const { received } of idle) assert.match(received, /^HTTP\/1\.1 200 [\s\S]*\r\n\r\nhello$/)
  })

  test('bodies that stop in the middle are given up, at the backend too', async () => {
    const parts = [
      'Content-Length: 1000\r\n\r\nsome',
      'Content-Length: 1\r\n\r\n',
      'Transfer-Encoding: chunked\r\n\r\n5\r\nhe',
      'Transfer-Encoding: chunked\r\n\r\n5',
      'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: ',
    ]
    const clients = many(20, (n) => {
      const client = new RudeClient(quickPort)
      client.socket.write(`POST / HTTP/1.1\r\nHost: a\r\n${parts[n % parts.length]}`)
      return client
    })
    await Promise.all(clients.map(({ closed }) => closed))
    for (const client of clients) assertRefused(client, 408, 'request_timeout')
  })

  test('a body that comes byte by byte is cut where a whole request has a limit, and only there', async () => {
    const head = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\n'
    const dripping = (port: number): RudeClient => {
      const client = new RudeClient(port)
      client.socket.write(head)
      client.drip('x', 40)
      return client
    }
    const bounded = dripping(boundedPort)
    // Where this machine stands still for as long as a step may take, it is cut there as well: then once more.
    await eventually('all of a body that took longer than a step may', async () => {
      const began = performance.now()
      const patient = dripping(quickPort)
      patient.socket.once('data', () => patient.socket.end())
      await patient.closed
      return patient.received.endsWith('hello') && performance.now() - began > quick
    })
    await bounded.closed
    assertRefused(bounded, 408, 'request_timeout')
  })

  test('clients that do not read their answer are let go', async () => {
    const clients = many(20, () => {
      const client = new RudeClient(quickPort)
      client.socket.pause()
      client.socket.write('GET /large HTTP/1.1\r\nHost: a\r\n\r\n')
      return client
    })
    const { pid } = proxy.program
    await eventually('the requests to be there', () => acceptedConnections(pid, quickPort) === clients.length)
    await eventually('the proxy to let go', () => acceptedConnections(pid, quickPort) === 0)
    for (const { socket } of clients) socket.destroy()
  })

  const start = 'GET / HTTP/1.1\r\nHost: a\r\n'
  const chunked = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
  /** What is read and dropped behind a refusal so that the client sees it is 1 MB: nobody here sends more than that. */
  const some = megabyte / 2
  const headLimit = megabyte + some
  const floods: readonly (readonly [
    what: string,
    begin: string,
    flood: string,
    bytes: number,
    status: number,
    error: string,
  ])[] = [
    ['header lines', start, 'X-Y: z\r\n'.repeat(1000), some, 431, 'request_headers_too_large'],
    ['one header line', `${start}X: `, 'y'.repeat(16_384), headLimit, 431, 'request_headers_too_large'],
    ['one header name', start, 'x'.repeat(16_384), headLimit, 431, 'request_headers_too_large'],
    ['one target', 'GET /', 'x'.repeat(16_384), some, 414, 'uri_too_long'],
    ['one method', '', 'X'.repeat(16_384), some, 414, 'uri_too_long'],
    ['one chunk extension', `${chunked}1;x=`, 'y'.repeat(16_384), some, 413, 'payload_too_large'],
    ['chunk extensions', chunked, '1;x=y\r\nz\r\n'.repeat(1000), some, 413, 'payload_too_large'],
    ['trailers', `${chunked}0\r\n`, 'X-Y: z\r\n'.repeat(1000), some, 431, 'request_headers_too_large'],
  ]

  test('floods of what has no end are refused, and cost no memory', async () => {
    const idle = residentBytes([proxy.program.pid])
    for (const [what, begin, flood, bytes, status, error] of floods) {
      const clients = many(20, () => {
        const client = new RudeClient(gateway.port)
        client.socket.write(begin)
        return client
      })
      await Promise.all(clients.map((client) => client.flood(flood, bytes)))
      await Promise.all(clients.map(({ closed }) => closed))
      for (const client of clients) {
        assert.doesNotThrow(() => assertRefused(client, status, error), `${what}: ${client.received.slice(0, 300)}`)
      }
    }
    const grown = (residentBytes([proxy.program.pid]) - idle) / megabyte
    assert.ok(grown < 100, `${grown.toFixed(1)} MB more after 160 floods`)
  })

  test('clients that go on flooding when they were refused are cut off', async () => {
    const clients = many(20, (n) => {
      const client = new RudeClient(gateway.port)
      client.socket.write(floods[n % floods.length]?.[1] ?? '')
      return client
    })
    await Promise.all(clients.map((client, n) => client.flood(floods[n % floods.length]?.[2] ?? '', Infinity)))
    for (const { socket } of clients) assert.equal(socket.destroyed, true)
  })

  /** Ways to leave in the middle; each resolves when there is nothing left to do to the proxy. */
  const departures: readonly ((client: RudeClient) => Promise<void>)[] = [
    async ({ socket }) => written(socket, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nsome'),
    async ({ socket }) =>
      written(socket, `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n${'x'.repeat(70_000)}`),
    async ({ socket }) => written(socket, `${chunked}ffff\r\nsome`),
    async ({ socket }) => written(socket, `${chunked}5\r\nhello\r\n`),
    async ({ socket }) => written(socket, `POST /large HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nsome`),
    async ({ socket }) => written(socket, `${start}\r\n${chunked}5\r\nhe`),
    async (client) => {
      await written(client.socket, `GET /large HTTP/1.1\r\nHost: a\r\n\r\n`)
      await Promise.race([new Promise<void>((resolve) => client.socket.once('data', () => resolve())), client.closed])
    },
  ]

  test('1,000 clients that leave in the middle of a body, by FIN or RST, leave nothing behind', async () => {
    let left = 0
    const one = async (): Promise<void> => {
      while (left < 1000) {
        const n = left++
        const client = new RudeClient(gateway.port)
        await departures[n % departures.length]?.(client)
        if (n % 2 === 0) client.socket.resetAndDestroy()
        else client.socket.destroy()
        await client.closed
      }
    }
    await Promise.all(Array.from({ length: 50 }, one))
    assert.equal((await ask(gateway.url)).body, 'hello')
  })

  test('clients that end their half in the middle are not waited for', async () => {
    const parts = [
      'GET / HT',
      start,
      `${chunked}5\r\nhe`,
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nsome',
      '',
    ]
    const clients = many(parts.length * 10, (n) => {
      const client = new RudeClient(gateway.port, { allowHalfOpen: true })
      client.socket.end(parts[n % parts.length] ?? '')
      client.socket.on('end', () => client.socket.destroy())
      return client
    })
    await Promise.all(clients.map(({ closed }) => closed))
    for (const { received } of clients) if (received !== '') assert.match(received, /^HTTP\/1\.1 400 /)
  })

  test('clients that never end their half after the last answer are not waited for', async () => {
    const requests = [
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
    ]
    const clients = many(20, (n) => {
      const client = new RudeClient(gateway.port, { allowHalfOpen: true })
      client.socket.write(requests[n % requests.length] ?? '')
      return client
    })
    await Promise.all(clients.map(({ socket }) => once(socket, 'end')))
    await eventually('the proxy to let go', () => acceptedConnections(proxy.program.pid, gateway.port) === 0)
    for (const { socket } of clients) {
      assert.equal(socket.destroyed, false, 'our half is still open')
      socket.destroy()
    }
  })
})
