import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import {
  ask,
  begin,
  eventually,
  own,
  rawExchange,
  type Scope,
  type Script,
  type ScriptedUpstream,
  scriptedUpstream,
} from '@vrata/testkit'
import { type InProcessProxy, startInProcess } from '../testing/in-process.ts'

interface Behind {
  readonly upstream: ScriptedUpstream
  readonly proxy: InProcessProxy
}

/** A gateway in front of a scripted upstream. */
async function behind(t: Scope, script: Script, listener: object = {}, options: object = {}): Promise<Behind> {
  const upstream = await scriptedUpstream(t, script)
  const proxy = await startInProcess(t, (s, port) =>
    s
      .listener('main', port, { drainTimeout: '0s', ...listener })
      .destination('d', upstream.address, { options })
      .forward('r', '/', 'd'),
  )
  return { upstream, proxy }
}

interface CutRow {
  readonly what: string
  readonly says: string
  readonly how: 'end' | 'reset'
  /** What the client must have got at least before the cut. */
  readonly gets: string
  /** What is said after that. */
  readonly adds?: string
}

const cuts: readonly CutRow[] = [
  {
    what: 'an end before the declared length',
    says: 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello',
    how: 'end',
    gets: 'hello',
  },
  {
    what: 'a reset before the declared length',
    says: 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello',
    how: 'reset',
    gets: 'hello',
  },
  {
    what: 'an end inside a chunk',
    says: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n8\r\nhello',
    how: 'end',
    gets: 'hello',
  },
  {
    what: 'a reset between chunks',
    says: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n',
    how: 'reset',
    gets: 'hello',
  },
  {
    what: 'a malformed chunk',
    says: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n',
    gets: 'hello',
    adds: 'zz\r\n',
    how: 'end',
  },
  {
    what: 'a reset of a body that only the end delimits',
    says: 'HTTP/1.1 200 OK\r\n\r\nhello',
    how: 'reset',
    gets: 'hello',
  },
]

for (const version of ['1.1', '1.0']) {
  for (const { what, says, how, gets, adds = '' } of cuts) {
    test(`${what} is no clean end for a client of HTTP/${version}`, async (t) => {
      const { proxy } = await behind(t, async (peer) => {
        await peer.requestHead()
        await peer.write(says)
        await clientHas(gets)
        await peer.write(adds)
        if (how === 'end') peer.end()
        else peer.reset()
      })
      const client = connect(proxy.port, '127.0.0.1')
      own(t, () => client.destroy())
      let received = ''
      client.on('data', (chunk) => {
        received += chunk.toString('latin1')
      })
      const clientHas = (text: string) => eventually(`the client to have ${text}`, () => received.includes(text))
      const errored = new Promise<boolean>((resolve) => client.on('close', resolve))
      client.on('error', () => undefined)
      client.write(`GET / HTTP/${version}\r\nhost: a\r\n\r\n`)
      const broken = await errored
      // HTTP/1.1 sees that chunks or bytes are missing; HTTP/1.0 knows only how the connection ended.
      const complete =
        /\r\n0\r\n\r\n$/.test(received) || (/content-length: 5\r\n/i.test(received) && received.endsWith('hello'))
      assert.ok(!complete, received)
      if (version === '1.0' && !/content-length/i.test(received)) assert.ok(broken, 'the connection was reset')
    })
  }
}

test('a body that only the end delimits is complete when it ends cleanly', async (t) => {
  const { proxy } = await behind(t, async (peer) => {
    await peer.requestHead()
    await peer.write('HTTP/1.1 200 OK\r\n\r\nhello')
    peer.end()
  })
  assert.equal((await ask(proxy.url)).body, 'hello')
})

test('bytes behind the declared length never reach a client, and the connection is not used again', async (t) => {
  const { upstream, proxy } = await behind(t, async (peer, connection) => {
    await peer.requestHead()
    if (connection === 0) {
      await peer.write(
        'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison',
      )
      await peer.closed()
    } else {
      await peer.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nnext')
      await peer.closed()
    }
  })
  assert.equal((await ask(proxy.url)).body, 'hello')
  assert.equal((await ask(proxy.url)).body, 'next')
  assert.equal(upstream.connections, 2)
})

test('a client that goes away while it waits for the head takes its request back', async (t) => {
  const cancelled = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  const { proxy } = await behind(t, async (peer) => {
    await peer.requestHead()
    arrived.resolve()
    await peer.closed()
    cancelled.resolve()
  })
  const client = connect(proxy.port, '127.0.0.1', () => client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n'))
  await arrived.promise
  client.destroy()
  await cancelled.promise
  await eventually('the exchange to end', () => proxy.activation.gateway?.exchanges.size === 0)
})

test('a client that goes away in the middle of its answer takes its request back', async (t) => {
  const cancelled = Promise.withResolvers<void>()
  const { proxy } = await behind(t, async (peer) => {
    await peer.requestHead()
    await peer.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhello')
    await peer.closed()
    cancelled.resolve()
  })
  const response = await begin(proxy.url)
  response.on('error', () => undefined)
  await once(response, 'data')
  response.destroy()
  await cancelled.promise
  await eventually('the exchange to end', () => proxy.activation.gateway?.exchanges.size === 0)
})

test('a client that goes away in the middle of its upload is no complete request for the upstream', async (t) => {
  const got = Promise.withResolvers<string>()
  const { proxy } = await behind(t, async (peer) => {
    await peer.requestHead()
    got.resolve((await peer.readUntil('hello')).slice(-5))
    const rest = await peer.readToEnd().catch(() => Buffer.alloc(0))
    assert.ok(!rest.toString().includes('0\r\n\r\n'))
  })
  const client = connect(proxy.port, '127.0.0.1')
  client.write('POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n')
  assert.equal(await got.promise, 'hello')
  client.destroy()
  await eventually('the exchange to end', () => proxy.activation.gateway?.exchanges.size === 0)
})

test('a client that goes away while it waits for a connection frees its place', async (t) => {
  const arrived = Promise.withResolvers<void>()
  const finish = Promise.withResolvers<void>()
  const { upstream, proxy } = await behind(
    t,
    async (peer) => {
      await peer.requestHead()
      arrived.resolve()
      await finish.promise
      await peer.write('HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n1')
      assert.match(await peer.requestHead(), /^GET \/third /)
      await peer.write('HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n3')
      await peer.closed()
    },
    {},
    { maxConnsPerHost: 1 },
  )
  const first = ask(`${proxy.url}/first`)
  await arrived.promise
  const client = connect(proxy.port, '127.0.0.1', () => client.write('GET /second HTTP/1.1\r\nhost: a\r\n\r\n'))
  const gateway = proxy.activation.gateway
  await eventually('the second to wait', () => gateway?.exchanges.size === 2)
  client.destroy()
  await eventually('the second to be gone', () => gateway?.exchanges.size === 1)
  const third = ask(`${proxy.url}/third`)
  finish.resolve()
  assert.equal((await first).body, '1')
  assert.equal((await third).body, '3')
  assert.equal(upstream.connections, 1)
})

/** Waits until a count does not grow any more, and gives it. */
async function plateau(count: () => number): Promise<number> {
  let last = -1
  let still = 0
  return eventually(
    'the bytes to stop',
    () => {
      still = count() === last ? still + 1 : 0
      last = count()
      return still >= 10 && last
    },
    { every: 20 },
  )
}

test('a client that does not read makes the upstream wait, not the memory grow', async (t) => {
  const total = 64 * 1024 * 1024
  let sent = 0
  const { proxy } = await behind(t, async (peer) => {
    await peer.requestHead()
    await peer.write(`HTTP/1.1 200 OK\r\ncontent-length: ${total}\r\n\r\n`)
    const chunk = Buffer.alloc(65_536, 'x')
    for (; sent < total; sent += chunk.length) await peer.write(chunk)
    await peer.closed()
  })
  const response = await begin(proxy.url, { timeout: 60_000 })
  response.pause()
  const stopped = await plateau(() => sent)
  assert.ok(stopped < total / 2, `${stopped} bytes were taken from the upstream`)
  let received = 0
  for await (const chunk of response) received += (chunk as Buffer).length
  assert.equal(received, total)
})

test('an upstream that does not read makes the client wait', async (t) => {
  const total = 64 * 1024 * 1024
  const go = Promise.withResolvers<void>()
  const { proxy } = await behind(t, async (peer) => {
    await peer.requestHead()
    peer.pause()
    await go.promise
    peer.resume()
    let left = total
    for (; left > 0; left -= 1_048_576) await peer.readBytes(1_048_576)
    await peer.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
    await peer.closed()
  })
  const client = connect(proxy.port, '127.0.0.1')
  own(t, () => client.destroy())
  client.write(`POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: ${total}\r\n\r\n`)
  const chunk = Buffer.alloc(65_536, 'x')
  let sent = 0
  const writing = (async () => {
    for (; sent < total; sent += chunk.length) if (!client.write(chunk)) await once(client, 'drain')
  })()
  const stopped = await plateau(() => sent)
  assert.ok(stopped < total / 2, `${stopped} bytes were taken from the client`)
  go.resolve()
  await writing
  assert.match(await text(client), /\r\n\r\nok$/)
})

async function text(socket: Socket): Promise<string> {
  let all = ''
  for await (const chunk of socket) all += String(chunk)
  return all
}

test('an answer that comes while the request still streams reaches the client at once', async (t) => {
  const { proxy } = await behind(t, async (peer) => {
    await peer.requestHead()
    await peer.write('HTTP/1.1 413 Content Too Large\r\ncontent-length: 3\r\n\r\nbig')
    await peer.closed()
  })
  const client = connect(proxy.port, '127.0.0.1')
  own(t, () => client.destroy())
  client.on('error', () => undefined)
  client.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100000000\r\n\r\nsome')
  const [first] = await once(client, 'data')
  assert.match(String(first), /^HTTP\/1\.1 413 /)
})

test('both directions stream at the same time', async (t) => {
  const { proxy } = await behind(t, async (peer) => {
    await peer.requestHead()
    await peer.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n')
    for (const word of ['one', 'two']) {
      await peer.readUntil(word)
      await peer.write(`3\r\n${word}\r\n`)
    }
    await peer.readUntil('0\r\n\r\n')
    await peer.write('0\r\n\r\n')
    await peer.closed()
  })
  const sent = request(`${proxy.url}/`, { method: 'POST', headers: { 'transfer-encoding': 'chunked' }, agent: false })
  sent.write('one')
  const [response] = await once(sent, 'response')
  const heard: string[] = []
  response.on('data', (chunk: Buffer) => {
    heard.push(chunk.toString())
    if (heard.length === 1) sent.end('two')
  })
  await once(response, 'end')
  assert.deepEqual(heard, ['one', 'two'])
})

test('a request on a connection that the server had just closed is sent again on another', async (t) => {
  const { upstream, proxy } = await behind(t, async (peer, connection) => {
    await peer.requestHead()
    await peer.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
    if (connection > 0) return peer.closed()
    await peer.requestHead()
    peer.reset()
  })
  assert.equal((await ask(`${proxy.url}/1`)).body, 'ok')
  assert.equal((await ask(`${proxy.url}/2`)).body, 'ok')
  assert.equal(upstream.connections, 2)
})

for (const { what, body, method } of [
  { what: 'not idempotent', method: 'POST', body: '' },
  { what: 'with a body', method: 'PUT', body: 'x' },
]) {
  test(`a request that is ${what} is not sent again`, async (t) => {
    const { upstream, proxy } = await behind(t, async (peer) => {
      await peer.requestHead()
      await peer.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
      await peer.requestHead()
      peer.reset()
    })
    assert.equal((await ask(`${proxy.url}/1`)).body, 'ok')
    const second = await ask(`${proxy.url}/2`, { method, body })
    assert.equal(JSON.parse(second.body).error, 'connection_reset')
    assert.equal(upstream.connections, 1)
  })
}

test('a failure on a fresh connection is not tried again', async (t) => {
  const { upstream, proxy } = await behind(t, async (peer) => {
    await peer.requestHead()
    peer.reset()
  })
  assert.equal((await ask(proxy.url)).status, 502)
  assert.equal(upstream.connections, 1)
})

test('interim answers and trailers pass', async (t) => {
  const { proxy } = await behind(t, async (peer) => {
    await peer.requestHead()
    await peer.write('HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\nconnection: x-hop\r\nx-hop: 1\r\n\r\n')
    await peer.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n5\r\nhello\r\n')
    await peer.write('0\r\nx-sum: 7\r\ncookie: dropped=1\r\nx-more: 8\r\n\r\n')
    await peer.closed()
  })
  const answer = await rawExchange(proxy.port, 'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
  assert.match(answer, /^HTTP\/1\.1 103 Early Hints\r\nlink: <\/a\.css>\r\n\r\nHTTP\/1\.1 200 OK\r\n/)
  assert.match(answer, /\r\ntrailer: x-sum\r\n/)
  assert.ok(answer.endsWith('\r\n0\r\nx-sum: 7\r\nx-more: 8\r\n\r\n'), answer)
})

test('a head without a body yet goes to the client at once', async (t) => {
  const seen = Promise.withResolvers<void>()
  const { proxy } = await behind(t, async (peer) => {
    await peer.requestHead()
    await peer.write('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n')
    await seen.promise
    await peer.write('data: 1\n\n')
    peer.end()
  })
  const response = await begin(proxy.url)
  seen.resolve()
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  assert.equal(Buffer.concat(chunks).toString(), 'data: 1\n\n')
})

for (const { method, head } of [
  { method: 'HEAD', head: 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n' },
  { method: 'GET', head: 'HTTP/1.1 304 Not Modified\r\netag: "a"\r\n\r\n' },
  { method: 'GET', head: 'HTTP/1.1 204 No Content\r\n\r\n' },
]) {
  test(`${method} answered by ${head.slice(9, 12)} has no body`, async (t) => {
    const { proxy } = await behind(t, async (peer) => {
      await peer.requestHead()
      await peer.write(head)
      await peer.closed()
    })
    const answer = await rawExchange(proxy.port, `${method} / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`)
    assert.ok(answer.startsWith(head.slice(0, 12)))
    assert.ok(answer.endsWith('\r\n\r\n'))
    assert.equal(answer.split('\r\n\r\n').length, 2)
  })
}

/** A client that waits for 100 before it sends a body of five bytes. */
function hesitantPost(url: string) {
  const headers = { 'content-length': 5, expect: '100-continue' }
  const sent = request(`${url}/`, { method: 'POST', headers, agent: false })
  sent.on('error', () => undefined)
  sent.flushHeaders()
  return sent
}

test('a client that waits for 100 gets it when the upstream wants the body', async (t) => {
  let continued = false
  const { proxy } = await behind(t, async (peer) => {
    assert.match(await peer.requestHead(), /\r\nexpect: 100-continue\r\n/)
    assert.ok(!continued)
    await peer.write('HTTP/1.1 100 Continue\r\n\r\n')
    await peer.readUntil('hello')
    await peer.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
    await peer.closed()
  })
  const sent = hesitantPost(proxy.url)
  await once(sent, 'continue')
  continued = true
  sent.end('hello')
  const [response] = await once(sent, 'response')
  assert.equal(response.statusCode, 200)
  response.resume()
})

test('an upstream that never says 100 gets the body after a while', async (t) => {
  const { proxy } = await behind(
    t,
    async (peer) => {
      await peer.requestHead()
      await peer.readUntil('hello')
      await peer.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
      await peer.closed()
    },
    {},
    { timeouts: { expectContinue: '50ms' } },
  )
  const sent = hesitantPost(proxy.url)
  await once(sent, 'continue')
  sent.end('hello')
  const [response] = await once(sent, 'response')
  assert.equal(response.statusCode, 200)
  response.resume()
})

test('an upstream that answers instead of saying 100 never gets the body, nor another request on this connection', async (t) => {
  const { upstream, proxy } = await behind(t, async (peer, connection) => {
    await peer.requestHead()
    if (connection > 0) await peer.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
    else await peer.write('HTTP/1.1 417 Expectation Failed\r\ncontent-length: 2\r\n\r\nno')
    await peer.closed()
    assert.equal(peer.unread, 0)
  })
  const sent = hesitantPost(proxy.url)
  let invited = false
  sent.on('continue', () => {
    invited = true
  })
  const [response] = await once(sent, 'response')
  assert.equal(response.statusCode, 417)
  response.resume()
  await once(response, 'close')
  sent.destroy()
  assert.ok(!invited)
  assert.equal((await ask(proxy.url)).body, 'ok')
  assert.equal(upstream.connections, 2)
})

test('a client that waits for 100 gets the answer alone when nobody takes the body', async (t) => {
  const proxy = await startInProcess(t, (s) => s.respond('r', '/', 'no'))
  const answer = await rawExchange(
    proxy.port,
    'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n',
  )
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/)
  assert.match(answer, /connection: close/i)
})

test('connections are used again, over activations too', async (t) => {
  const { upstream, proxy } = await behind(t, async (peer) => {
    for (let at = 0; at < 20; at++) {
      await peer.requestHead()
      await peer.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
    }
    await peer.closed()
  })
  const { activation } = proxy
  for (let at = 0; at < 20; at++) {
    assert.equal((await ask(proxy.url)).body, 'ok')
    const snapshot = activation.gateway?.snapshot
    assert.ok(snapshot)
    await activation.apply({
      id: `s${at}`,
      name: '',
      createdAt: '',
      hash: `h${at}`,
      snapshot: {
        listeners: [...snapshot.listeners.values()],
        destinations: [...snapshot.destinations.values()],
        routes: snapshot.table.entries.map(({ route }) => route),
        groups: [],
        middlewares: [],
      },
    })
  }
  assert.equal(upstream.connections, 1)
})
