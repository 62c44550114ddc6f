import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { ask, eventually, freePort, localhostCertificate } from '@vrata/testkit'
import { startGateway } from '../gateway.ts'
import { type GrpcClient, grpcClient } from '../grpc-client.ts'
import { allOf } from '../grpc-frames.ts'
import { type GrpcMethod, startGrpcUpstream } from '../grpc-upstream.ts'

const { cert, key } = localhostCertificate
const overHttp2 = { options: { http2: true } }

const methods: Readonly<Record<string, GrpcMethod>> = {
  '/demo.Words/Upper': async ({ messages, send }) => {
    for await (const text of messages) send(text.toUpperCase())
    return { code: 0, metadata: { 'x-cost': '7' } }
  },
  '/demo.Words/Count': async ({ messages, send }) => {
    for await (const text of messages) for (let n = 1; n <= Number(text); n++) send(`word ${n}`)
    return undefined
  },
  '/demo.Words/Join': async ({ messages, send }) => {
    const words = await allOf(messages)
    send(words.join(' '))
    return undefined
  },
  '/demo.Words/Echo': async ({ messages, send }) => {
    for await (const text of messages) send(`heard ${text}`)
    return undefined
  },
  '/demo.Words/Refuse': async ({ send }) => {
    send('one word')
    return { code: 9, message: 'kein Wort: %C3%BC', metadata: { 'x-why': 'a test' } }
  },
  '/demo.Words/Silent': async ({ gone }) => {
    await once(gone, 'abort')
    return undefined
  },
}

/** One way to reach the methods: each kind of call, as the client sees it. */
async function callsOfEveryKind(client: GrpcClient): Promise<void> {
  const unary = client.call('/demo.Words/Upper', { 'x-request-id': 'mine' })
  unary.send('grüße')
  unary.finish()
  assert.deepEqual(await unary.rest(), ['GRÜSSE'])
  const end = await unary.ended
  assert.deepEqual([end.http, end.code, end.trailersOnly, end.trailers['x-cost']], [200, '0', false, '7'])
  assert.equal(end.headers['content-type'], 'application/grpc')

  const serverStream = client.call('/demo.Words/Count')
  serverStream.send('1000')
  serverStream.finish()
  const words = await serverStream.rest()
  assert.deepEqual([words.length, words[0], words.at(-1)], [1000, 'word 1', 'word 1000'])
  assert.equal((await serverStream.ended).code, '0')

  const clientStream = client.call('/demo.Words/Join')
  const sent = Array.from({ length: 1000 }, (_, n) => `piece-${n}`)
  for (const word of sent) clientStream.send(word)
  clientStream.finish()
  assert.deepEqual(await clientStream.rest(), [sent.join(' ')])
  assert.equal((await clientStream.ended).code, '0')

  const bidi = client.call('/demo.Words/Echo')
  for (let n = 1; n <= 5; n++) {
    bidi.send(`word ${n}`)
    assert.equal(await bidi.next(), `heard word ${n}`, 'each answer comes before the next question')
  }
  bidi.finish()
  assert.equal(await bidi.next(), undefined)
  assert.equal((await bidi.ended).code, '0')

  const failing = client.call('/demo.Words/Refuse')
  failing.finish()
  assert.deepEqual(await failing.rest(), ['one word'])
  const { http, code, message, trailersOnly, trailers } = await failing.ended
  assert.deepEqual([http, code, message], [200, '9', 'kein Wort: %C3%BC'])
  assert.deepEqual([trailersOnly, trailers['x-why']], [false, 'a test'])

  const unknown = client.call('/demo.Words/Unknown')
  unknown.finish()
  assert.deepEqual(await unknown.rest(), [])
  const answer = await unknown.ended
  assert.deepEqual([answer.http, answer.code, answer.trailersOnly], [200, '12', true])
}

test('calls of all four kinds, and their status in trailers, pass in clear text and in TLS', async (t) => {
  const { url, port, base, activate } = await startGateway(t)
  const upstream = await startGrpcUpstream(t, methods)
  const secure = await freePort()
  await activate(
    base
      .listener('web', port, { http2: true })
      .listener('secure', secure, { http2: true, tls: { cert, key } })
      .destination('words', upstream.address, overHttp2)
      .forward('words', '/', 'words', { match: { pathPrefix: '/demo.Words', grpc: true } }),
  )
  const clear = await grpcClient(t, url)
  await callsOfEveryKind(clear)
  const encrypted = await grpcClient(t, `https://127.0.0.1:${secure}`, cert)
  assert.equal(encrypted.protocol, 'h2')
  await callsOfEveryKind(encrypted)
  for (const metadata of upstream.calls) assert.deepEqual([metadata['te'], metadata[':method']], ['trailers', 'POST'])
  assert.equal((await ask(`${url}/demo.Words/Upper`, { method: 'POST' })).status, 404, 'the route is for gRPC alone')
})

test('many calls at once on one connection do not wait for each other', async (t) => {
  const { url, port, base, activate } = await startGateway(t)
  const upstream = await startGrpcUpstream(t, methods)
  await activate(
    base
      .listener('web', port, { http2: true })
      .destination('words', upstream.address, overHttp2)
      .forward('words', '/', 'words'),
  )
  const client = await grpcClient(t, url)
  const calls = Array.from({ length: 50 }, () => client.call('/demo.Words/Echo'))
  // The last one first: were they served one after the other, nothing would ever come.
  for (const [n, call] of [...calls.entries()].reverse()) {
    call.send(`call ${n}`)
    assert.equal(await call.next(), `heard call ${n}`)
  }
  for (const call of calls) call.finish()
  const ends = await Promise.all(calls.map(async (call) => [await call.rest(), (await call.ended).code]))
  assert.deepEqual(ends, Array(50).fill([[], '0']))
})

test('a deadline of the client ends the call on both sides, and the route has the last word about it', async (t) => {
  const { url, port, base, activate } = await startGateway(t)
  let left = 0
  const upstream = await startGrpcUpstream(t, {
    ...methods,
    '/demo.Words/Silent': async (call) => {
      await once(call.gone, 'abort')
      left++
      return undefined
    },
  })
  await activate(
    base
      .listener('web', port, { http2: true })
      .destination('words', upstream.address, overHttp2)
      .route('words', {
        name: 'words',
        match: { pathPrefix: '/' },
        forward: { destinations: [{ destinationId: 'words', weight: 100 }], maxGrpcTimeout: '300ms' },
      }),
  )
  const client = await grpcClient(t, url)
  for (const [asked, told] of [
    ['50m', /^50m$/],
    ['1H', /^300m$/],
    [undefined, /^300m$/],
  ] as const) {
    const known = upstream.calls.length
    // On a machine that stands still the time of a call may be over before the upstream hears of it: then once more.
    while (upstream.calls.length === known) {
      const begun = performance.now()
      const call = client.call('/demo.Words/Silent', asked === undefined ? {} : { 'grpc-timeout': asked })
      assert.deepEqual(await call.rest(), [])
      const { http, code, trailersOnly } = await call.ended
      assert.deepEqual([http, code, trailersOnly], [200, '4', true], `asked for ${asked}`)
      assert.ok(performance.now() - begun >= (asked === '50m' ? 45 : 290), `asked for ${asked}: it was not ended early`)
    }
    assert.match(String(upstream.calls.at(-1)?.['grpc-timeout']), told)
  }
  await eventually('the upstream to see all calls end', () => left === upstream.calls.length)

  const begun = await eventually('a call that begins to be answered in its time', async () => {
    const call = client.call('/demo.Words/Echo')
    call.send('hello')
    return (await call.next()) === 'heard hello' && call
  })
  assert.deepEqual(await begun.rest(), [])
  const { http, code, message, trailersOnly } = await begun.ended
  assert.deepEqual([http, code, trailersOnly], [200, '4', false], 'a call that has begun to answer has its status last')
  assert.equal(message, 'the upstream did not answer in time')
})

test('a status that comes before the client has said all is not lost', async (t) => {
  const { url, port, base, activate } = await startGateway(t)
  const upstream = await startGrpcUpstream(t, {
    '/demo.Words/First': async ({ messages, send }) => {
      // Not a loop, whose end would close the stream as well.
      const { value } = await messages[Symbol.asyncIterator]().next()
      send(String(value))
      return { code: 11, message: 'one is enough' }
    },
  })
  await activate(
    base
      .listener('web', port, { http2: true })
      .destination('words', upstream.address, overHttp2)
      .forward('words', '/', 'words'),
  )
  const client = await grpcClient(t, url)
  const call = client.call('/demo.Words/First')
  call.send('hello')
  assert.deepEqual(await call.rest(), ['hello'])
  const { code, message } = await call.ended
  assert.deepEqual([code, message], ['11', 'one is enough'])
})

test('a call of which the client thinks no more is ended at the upstream', async (t) => {
  const { url, port, base, activate } = await startGateway(t)
  const left = Promise.withResolvers<void>()
  const upstream = await startGrpcUpstream(t, {
    '/demo.Words/Wait': async ({ send, gone }) => {
      send('hello')
      await once(gone, 'abort')
      left.resolve()
      return undefined
    },
  })
  await activate(
    base
      .listener('web', port, { http2: true })
      .destination('words', upstream.address, overHttp2)
      .forward('words', '/', 'words'),
  )
  const client = await grpcClient(t, url)
  const call = client.call('/demo.Words/Wait')
  assert.equal(await call.next(), 'hello')
  call.cancel()
  await left.promise
})

test('what the proxy itself has to say comes as a status: in a head that is all there is, or behind what has come', async (t) => {
  const { url, port, base, activate } = await startGateway(t)
  const upstream = await startGrpcUpstream(t, methods)
  await activate(
    base
      .listener('web', port, { http2: true })
      .destination('words', upstream.address, overHttp2)
      .forward('words', '/demo.Words', 'words'),
  )
  const client = await grpcClient(t, url)
  const attempt = async (method: string) => {
    const call = client.call(method)
    call.send('hello')
    call.finish()
    assert.deepEqual(await call.rest(), [])
    const { http, code, trailersOnly, headers } = await call.ended
    return [http, code, trailersOnly, headers['content-type']]
  }
  assert.deepEqual(await attempt('/other.Service/Method'), [200, '12', true, 'application/grpc'])

  // A call that the upstream cuts after it has begun: what has come is there, and behind it what became of the call.
  const cut = client.call('/demo.Words/Echo')
  cut.send('hello')
  assert.equal(await cut.next(), 'heard hello')
  await upstream.stop()
  assert.deepEqual(await cut.rest(), [])
  const { http, code, trailersOnly } = await cut.ended
  assert.deepEqual([http, code, trailersOnly], [200, '14', false])

  assert.deepEqual(await attempt('/demo.Words/Upper'), [200, '14', true, 'application/grpc'])
})

test('a long-lived stream goes on over activations that do not concern it, on the connection that it has', async (t) => {
  const { url, port, base, activate } = await startGateway(t)
  const upstream = await startGrpcUpstream(t, methods)
  const config = base
    .listener('web', port, { http2: true })
    .destination('words', upstream.address, overHttp2)
    .forward('words', '/', 'words')
  await activate(config)
  const client = await grpcClient(t, url)
  const stream = client.call('/demo.Words/Echo')
  stream.send('before')
  assert.equal(await stream.next(), 'heard before')
  const news = config.respond('more', '/more', 'x')
  await activate(news)
  stream.send('after another route came')
  assert.equal(await stream.next(), 'heard after another route came')
  await activate(news.listener('other', await freePort()))
  assert.equal((await ask(`${url}/more`)).body, 'x')
  stream.send('after another listener came')
  assert.equal(await stream.next(), 'heard after another listener came')
  // Of an activation that takes its route away, what is under way hears nothing either.
  await activate(news.without('words'))
  stream.send('after its route went')
  assert.equal(await stream.next(), 'heard after its route went')
  stream.finish()
  assert.deepEqual(await stream.rest(), [])
  assert.equal((await stream.ended).code, '0')
})
