import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2, createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { own, type Scope, type ScriptedPeer, type SnapshotBuilder, scriptedUpstream } from '@vrata/testkit'
import { HeaderLines } from '../headers/header-lines.ts'
import { openEngine } from '../listeners/testing/engine.ts'
import { type RawClient, rawClient } from '../listeners/testing/raw-client.ts'
import { startInProcess } from '../testing/in-process.ts'
import { call, GivenBody, openPool } from '../testing/upstream-calls.ts'
import { connectDirectly, takeFrom } from './direct-socket.ts'

/** The memory that connections are read into. */
async function readMemory(t: Scope): Promise<Buffer> {
  const server = createServer((socket) => void socket.on('error', () => undefined).end('x'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  own(t, () => server.close())
  const socket = connectDirectly({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' })
  own(t, () => socket.destroy())
  return new Promise((resolve) => takeFrom(socket, ({ buffer }) => resolve(Buffer.from(buffer))))
}

/** Overwrites what was read in each turn of the event loop before the next one begins, until the test is over. */
async function overwriteAlways(t: Scope): Promise<void> {
  const memory = await readMemory(t)
  let over = false
  const overwrite = () => {
    memory.fill('!')
    if (!over) setImmediate(overwrite)
  }
  overwrite()
  own(t, () => {
    over = true
  })
}

/** Sends pieces, each when the one before was read. */
async function sendApart(client: RawClient | ScriptedPeer, ...pieces: readonly string[]): Promise<void> {
  for (const piece of pieces) {
    client.socket.write(piece, 'latin1')
    for (let turns = 0; turns < 10; turns++) await turn()
  }
}

type Script = (peer: ScriptedPeer) => Promise<void>
type Configure = (builder: SnapshotBuilder) => SnapshotBuilder

/** A gateway in front of a scripted endpoint, and a raw client of it; what is read is always overwritten. */
async function scripted(t: Scope, script: Script, http2 = false, configure: Configure = (s) => s) {
  const upstream = await scriptedUpstream(t, script)
  const proxy = await startInProcess(t, (s, port) =>
    configure(
      s
        .listener('main', port, { drainTimeout: '0s', http2 })
        .destination('d', `127.0.0.1:${upstream.port}`)
        .forward('r', '/', 'd'),
    ),
  )
  await overwriteAlways(t)
  return { proxy, client: await rawClient(t, proxy.port) }
}

/** Text in which a byte out of its place shows: lines of 16 bytes. */
function lines(count: number): string {
  return Array.from({ length: count }, (_, at) => `line ${String(at).padStart(9, '0')};\n`).join('')
}

/** The same as the body of a chunked message, in small chunks. */
function chunked(text: string): string {
  return `${text.replaceAll(/(?:.{15}\n){100}/g, (piece) => `640\r\n${piece}\r\n`)}0\r\n\r\n`
}

const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

describe('what is kept is not overwritten by what is read later', () => {
  test('the beginning of a request head, wherever it is cut', async (t) => {
    const head = 'POST /path?q=1 HTTP/1.1\r\nhost: a.example\r\nx-long: value\r\ncontent-length: 0\r\n\r\n'
    const cuts = [1, 5, 20, 23, 24, 30, 50, head.length - 3, head.length - 1]
    const seen: string[] = []
    const { client } = await scripted(t, async (peer) => {
      while (seen.length < cuts.length) {
        seen.push(await peer.requestHead())
        await peer.write(ok)
      }
    })
    let count = 0
    for (const at of cuts) {
      await sendApart(client, head.slice(0, at), head.slice(at))
      await client.until(ok.slice(-6), ++count)
      assert.match(seen.at(-1) ?? '', /^POST \/path\?q=1 HTTP\/1\.1\r\nhost: a\.example\r\n.*x-long: value\r\n/s)
    }
  })

  test('requests that wait behind another', async (t) => {
    const seen: string[] = []
    const { client } = await scripted(t, async (peer) => {
      for (let count = 0; count < 3; count++) {
        seen.push((await peer.requestHead()).split('\r\n', 1)[0] ?? '')
        await turn()
        await peer.write(ok)
      }
    })
    const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: a.example\r\n\r\n`
    await sendApart(client, get('/1') + get('/2'), get('/3'))
    await client.until('\r\n\r\nok', 3)
    assert.deepEqual(seen, ['GET /1 HTTP/1.1', 'GET /2 HTTP/1.1', 'GET /3 HTTP/1.1'])
  })

  test('a request body whose endpoint is slow', async (t) => {
    const body = lines(1_000_000)
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    own(t, () => server.close())
    const proxy = await startInProcess(t, (s) =>
      s.destination('d', `127.0.0.1:${(server.address() as AddressInfo).port}`).forward('r', '/', 'd'),
    )
    await overwriteAlways(t)
    const client = await rawClient(t, proxy.port)
    const endpoint: Promise<Socket> = once(server, 'connection').then(([socket]) => socket)
    client.send(`POST / HTTP/1.1\r\nhost: a.example\r\ncontent-length: ${body.length}\r\n\r\n`)
    client.send(body)
    const socket = await endpoint
    for (let turns = 0; turns < 500; turns++) await turn()
    assert.ok(client.socket.writableLength > 0, 'everything is full')
    let text = ''
    for await (const chunk of socket.setEncoding('latin1')) {
      text += chunk
      if (text.endsWith('line 000999999;\n')) break
    }
    assert.ok(text.slice(text.indexOf('\r\n\r\n') + 4) === body)
  })

  test('an answer that comes cut anywhere', async (t) => {
    const head = 'HTTP/1.1 200 OK\r\nx-a: value\r\ntransfer-encoding: chunked\r\n\r\n'
    const answer = `${head}5\r\nhello\r\n6;e=1\r\n world\r\n0\r\nx-t: 1\r\n\r\n`
    const cuts = Array.from({ length: Math.floor(answer.length / 3) }, (_, at) => 3 * at + 1)
    const { client } = await scripted(t, async (peer) => {
      for (const at of cuts) {
        await peer.requestHead()
        await sendApart(peer, answer.slice(0, at), answer.slice(at))
      }
    })
    for (const count of cuts.keys()) {
      client.send('GET / HTTP/1.1\r\nhost: a.example\r\nte: trailers\r\n\r\n')
      await client.until('\r\nx-t: 1\r\n\r\n', count + 1)
    }
    for (const one of client.text.split('HTTP/1.1 200 OK\r\n').slice(1)) {
      assert.match(one, /^x-a: value\r\n/)
      const body = one.slice(one.indexOf('\r\n\r\n') + 4)
      assert.equal(body.replaceAll(/[\da-f]+\r\n([^\r]*)\r\n/g, '$1'), 'hello worldx-t: 1\r\n')
    }
  })

  test('an answer in small chunks whose client is slow', async (t) => {
    const body = lines(1_000_000)
    const { client } = await scripted(t, async (peer) => {
      await peer.requestHead()
      await peer.write(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunked(body)}`)
    })
    client.socket.pause()
    client.send('GET / HTTP/1.0\r\nhost: a.example\r\n\r\n')
    for (let turns = 0; turns < 500; turns++) await turn()
    client.socket.resume()
    const text = await client.untilClosed()
    assert.ok(text.slice(text.indexOf('\r\n\r\n') + 4) === body)
  })

  for (const [protocol, first, rest] of [
    ['HTTP/1.1', 'P', 'OST / HTTP/1.1\r\nhost: a.example\r\ncontent-length: 0\r\n\r\n'],
    ['HTTP/1.1, on second thoughts', 'PR', 'OPFIND / HTTP/1.1\r\nhost: a.example\r\ncontent-length: 0\r\n\r\n'],
  ] as const) {
    test(`the first byte of a client that turns out to speak ${protocol}`, async (t) => {
      const script: Script = async (peer) => {
        assert.ok((await peer.requestHead()).startsWith(`${first}${rest.split('\r\n', 1)[0]}`))
        await peer.write(ok)
      }
      const { client } = await scripted(t, script, true)
      await sendApart(client, first, rest)
      assert.match(await client.until('\r\n\r\n'), /^HTTP\/1\.1 200 /)
    })
  }

  test('the first bytes of a client that turns out to speak HTTP/2', async (t) => {
    const { client } = await scripted(t, async () => undefined, true)
    const settings = '\0\0\0\x04\0\0\0\0\0'
    const ping = '\0\0\x08\x06\0\0\0\0\0pingpong'
    await sendApart(client, 'PR', `I * HTTP/2.0\r\n\r\nSM\r\n\r\n${settings}${ping}`)
    await client.until('\x06\x01\0\0\0\0pingpong')
    client.socket.destroy()
  })

  for (const protocol of ['websocket', 'other']) {
    test(`first bytes behind an offer to change to ${protocol}`, async (t) => {
      const { client } = await scripted(t, async (peer) => {
        const head = await peer.requestHead()
        for (let turns = 0; turns < 10; turns++) await turn()
        const key = /sec-websocket-key: (.*)\r\n/i.exec(head)?.[1]
        await peer.write(`HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: ${protocol}\r\n`)
        await peer.write(`${key === undefined ? '' : 'sec-websocket-accept: x\r\n'}\r\nwelcome`)
        assert.equal((await peer.readBytes(14)).toString(), 'first bytes...')
        await peer.write('heard')
        peer.end()
      })
      const key = 'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n'
      const head = `GET / HTTP/1.1\r\nhost: a.example\r\nconnection: upgrade\r\nupgrade: ${protocol}\r\n${key}\r\n`
      await sendApart(client, `${head}first bytes`, '...')
      assert.ok((await client.until('heard')).endsWith('\r\n\r\nwelcomeheard'))
      client.socket.destroy()
    })
  }

  test('a body that an expression looks at', async (t) => {
    const script: Script = async (peer) => {
      const head = await peer.requestHead()
      const body = (await peer.readBytes(9)).toString()
      await peer.write(`HTTP/1.1 200 OK\r\ncontent-length: 9\r\nx-path: ${head.split(' ')[1]}\r\n\r\n${body}`)
    }
    const { client } = await scripted(t, script, false, (s) =>
      s.route('judged', {
        name: 'judged',
        match: { cel: 'request.body.raw == "one-two-3"' },
        forward: { destinations: [{ destinationId: 'd' }], rewrite: { fullPath: '/judged' } },
      }),
    )
    await sendApart(client, 'POST / HTTP/1.1\r\nhost: a.example\r\ncontent-length: 9\r\n\r\none-', 'two-', '3')
    assert.match(await client.until('\r\n\r\none-two-3'), /x-path: \/judged\r\n/)
  })

  test('an answer that waits for the window of a client of HTTP/2', async (t) => {
    const body = lines(20_000)
    const script: Script = async (peer) => {
      await peer.requestHead()
      await peer.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n`)
      for (let at = 0; at < body.length; at += 6_000) await sendApart(peer, body.slice(at, at + 6_000))
    }
    const { proxy, client } = await scripted(t, script, true)
    client.socket.destroy()
    const session = connectHttp2(proxy.url, { settings: { initialWindowSize: 20_000 } })
    own(t, () => session.destroy())
    const stream = session.request({ ':path': '/' })
    await once(stream, 'response')
    for (let turns = 0; turns < 200; turns++) await turn()
    let text = ''
    for await (const chunk of stream.setEncoding('latin1')) text += chunk
    assert.ok(text === body)
  })

  test('a request body that waits for the window of an endpoint of HTTP/2', async (t) => {
    const body = lines(20_000)
    const server = createHttp2Server({ settings: { initialWindowSize: 20_000 } })
    const streams: Promise<ServerHttp2Stream> = once(server, 'stream').then(([stream]) => stream)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    own(t, () => server.close())
    const proxy = await startInProcess(t, (s) =>
      s
        .destination('d', `127.0.0.1:${(server.address() as AddressInfo).port}`, { options: { http2: true } })
        .forward('r', '/', 'd'),
    )
    await overwriteAlways(t)
    const client = await rawClient(t, proxy.port)
    client.send(`POST / HTTP/1.1\r\nhost: a.example\r\ncontent-length: ${body.length}\r\n\r\n`)
    const stream = await streams
    for (let at = 0; at < body.length; at += 6_000) await sendApart(client, body.slice(at, at + 6_000))
    let text = ''
    for await (const chunk of stream.setEncoding('latin1')) text += chunk
    assert.ok(text === body)
    stream.respond({ ':status': 200 }, { endStream: true })
    await client.until('HTTP/1.1 200 ')
  })
})

describe('what is given may be overwritten as soon as it was taken', () => {
  test('the first bytes of an answer that wait for the end of the turn', async (t) => {
    const memory = await readMemory(t)
    const { port } = await openEngine(t, ({ downstream }) => {
      downstream.head(200, new HeaderLines(), 'unknown')
      const chunk = memory.subarray(40_000, 40_005)
      chunk.write('hello')
      downstream.write(chunk)
      chunk.fill('!')
      setImmediate(() => downstream.end([]))
    })
    const client = await rawClient(t, port)
    client.send('GET / HTTP/1.1\r\nhost: a.example\r\n\r\n')
    assert.match(await client.until('\r\n0\r\n\r\n'), /\r\n\r\n5\r\nhello\r\n0\r\n\r\n$/)
  })

  test('the first bytes of a request body that leave with its head', async (t) => {
    const memory = await readMemory(t)
    const got = Promise.withResolvers<string>()
    const upstream = await scriptedUpstream(t, async (peer) => {
      got.resolve(await peer.readUntil('\r\n0\r\n\r\n'))
      await peer.write(ok)
    })
    const body = new GivenBody([], undefined)
    const given = body.resume.bind(body)
    let sink: Parameters<GivenBody['deliverTo']>[0] | undefined
    body.deliverTo = (to) => {
      sink = to
    }
    body.resume = () => {
      given()
      const chunk = memory.subarray(40_000, 40_005)
      chunk.write('hello')
      sink?.onChunk(chunk)
      chunk.fill('!')
      sink?.onEnd([])
    }
    const { outcome } = call(openPool(t, upstream.port), { method: 'POST', body })
    assert.equal((await outcome).status, 200)
    assert.match(await got.promise, /\r\n\r\n5\r\nhello\r\n0\r\n\r\n$/)
  })
})
