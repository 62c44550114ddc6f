import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { describe, test } from 'node:test'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import type { ListenerInput } from '@vrata/model'
import { ask, eventually, own, rawExchange, type Scope } from '@vrata/testkit'
import type { Exchange } from '../../exchange.ts'
import { openEngine, type TestEngine } from '../testing/engine.ts'
import { type RawClient, rawClient, rawClientOn } from '../testing/raw-client.ts'
import {
  agentKey,
  agentPem,
  authorityPem,
  hashOf,
  plainKey,
  plainPem,
  siteKey,
  sitePem,
  strangerKey,
  strangerPem,
  thirdKey,
  thirdPem,
  wildKey,
  wildPem,
} from '../testing/tls-material.ts'

type Tls = NonNullable<ListenerInput['tls']>

const site: Tls = { cert: sitePem, key: siteKey }
const get = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n'
const last = 'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'

/** Answers with what is known of the client's certificate. */
function tellCertificate(exchange: Exchange): void {
  const { peerCertificate, downstream, scheme } = exchange
  const header = exchange.header('x-forwarded-client-cert')
  const inMap = exchange.headers.get('x-forwarded-client-cert')
  assert.equal(header, inMap)
  downstream.answer(200, [], Buffer.from(JSON.stringify({ scheme, peerCertificate, header })))
}

const listening = (t: Scope, tls: Tls = site, fields: Partial<ListenerInput> = {}) =>
  openEngine(t, tellCertificate, { tls, ...fields })

/** Connects with TLS; rejects when the handshake fails, also when that is seen only after our half of it. */
async function secure(t: Scope, { port }: TestEngine, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options })
  own(t, () => socket.destroy())
  await once(socket, 'secureConnect')
  return socket
}

async function secureClient(t: Scope, engine: TestEngine, options: ConnectionOptions = {}): Promise<RawClient> {
  return rawClientOn(t, await secure(t, engine, options))
}

/** The body of the only answer, as JSON; undefined when the connection was closed without one. */
async function told(t: Scope, engine: TestEngine, options: ConnectionOptions = {}) {
  const client = await secureClient(t, engine, options).catch(() => undefined) // refused in the handshake
  client?.send(last)
  const text = (await client?.untilClosed()) ?? ''
  return text === '' ? undefined : JSON.parse(text.split('\r\n\r\n')[1] ?? '')
}

describe('certificates', () => {
  const several: Tls = {
    ...site,
    certificates: [
      { cert: wildPem, key: wildKey },
      { cert: thirdPem, key: thirdKey },
    ],
  }
  const names: readonly [asked: string, shown: string][] = [
    ['site.example', 'site.example'],
    ['www.SITE.example', 'site.example'],
    ['api.site.example', 'wild'],
    ['other.example', 'wild'],
    ['third.example', 'Third.Example'],
    ['a.b.site.example', 'site.example'],
    ['unknown.example', 'site.example'],
    ['', 'site.example'],
  ]
  for (const [asked, shown] of names) {
    test(`${asked || 'no name'} is shown the one of ${shown}`, async (t) => {
      const engine = await listening(t, several)
      const socket = await secure(t, engine, { servername: asked })
      assert.equal(socket.getPeerCertificate().subject.CN, shown)
    })
  }

  test('may stand in the list alone', async (t) => {
    const engine = await listening(t, { certificates: [{ cert: wildPem, key: wildKey }] })
    const socket = await secure(t, engine)
    assert.equal(socket.getPeerCertificate().subject.CN, 'wild')
  })

  test('are replaced for new handshakes; connections and the socket stay', async (t) => {
    const engine = await listening(t)
    const before = await secureClient(t, engine)
    before.send(get)
    await before.until('"scheme":"https"')
    engine.change({ tls: { cert: wildPem, key: wildKey } })
    const after = await secure(t, engine)
    assert.equal(after.getPeerCertificate().subject.CN, 'wild')
    before.send(get)
    await before.until('"scheme":"https"', 2)
    assert.equal(engine.engine.connections, 2)
  })
})

describe('versions, ciphers, protocols', () => {
  interface Row {
    readonly what: string
    readonly tls?: Partial<Tls>
    readonly http2?: boolean
    readonly client: ConnectionOptions
    /** Undefined: the handshake fails. */
    readonly gets: Partial<Record<'version' | 'cipher' | 'alpn', string | false>> | undefined
  }
  const weak = 'ALL:@SECLEVEL=0'
  const old = (version: 'TLSv1' | 'TLSv1.1') => ({ minVersion: version, maxVersion: version, ciphers: weak }) as const
  const rows: readonly Row[] = [
    { what: 'TLS 1.3 by default', client: {}, gets: { version: 'TLSv1.3' } },
    { what: 'TLS 1.2 where the client has no other', client: { maxVersion: 'TLSv1.2' }, gets: { version: 'TLSv1.2' } },
    { what: 'TLS 1.1 is too old', client: old('TLSv1.1'), gets: undefined },
    {
      what: 'TLS 1.0 where the listener lets it in',
      tls: { minVersion: 'TLSv1_0' },
      client: old('TLSv1'),
      gets: { version: 'TLSv1' },
    },
    {
      what: 'TLS 1.2 is too old where the listener says so',
      tls: { minVersion: 'TLSv1_3' },
      client: { maxVersion: 'TLSv1.2' },
      gets: undefined,
    },
    {
      what: 'no newer version than the newest allowed',
      tls: { maxVersion: 'TLSv1_2' },
      client: {},
      gets: { version: 'TLSv1.2' },
    },
    {
      what: 'no cipher without authentication',
      client: { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA' },
      gets: undefined,
    },
    {
      what: 'the cipher that is asked for, in any letters',
      tls: { cipherSuites: ['ecdhe-ecdsa-aes256-gcm-sha384'], maxVersion: 'TLSv1_2' },
      client: {},
      gets: { cipher: 'ECDHE-ECDSA-AES256-GCM-SHA384' },
    },
    { what: 'HTTP/1.1 is what is spoken', client: { ALPNProtocols: ['h2', 'http/1.1'] }, gets: { alpn: 'http/1.1' } },
    {
      what: 'HTTP/2 where it is on',
      http2: true,
      client: { ALPNProtocols: ['http/1.1', 'h2'] },
      gets: { alpn: 'h2' },
    },
    {
      what: 'HTTP/1.1 where the client wants no other',
      http2: true,
      client: { ALPNProtocols: ['http/1.1'] },
      gets: { alpn: 'http/1.1' },
    },
    { what: 'no protocol where the client names none', http2: true, client: {}, gets: { alpn: false } },
  ]
  for (const { what, tls, http2 = false, client, gets } of rows) {
    test(what, async (t) => {
      const engine = await listening(t, { ...site, ...tls }, { http2 })
      if (gets === undefined) {
        await assert.rejects(secure(t, engine, client))
        await eventually('it to be counted', () => engine.engine.counts.handshakeErrors === 1)
        return
      }
      const socket = await secure(t, engine, client)
      const got = { version: socket.getProtocol(), cipher: socket.getCipher().name, alpn: socket.alpnProtocol }
      assert.deepEqual({ ...got, ...gets }, got)
    })
  }

  test('a session is resumed, also after the certificate has changed, but not when other clients are let in', async (t) => {
    const engine = await listening(t)
    const session = await new Promise<Buffer>((resolve) => {
      void secureClient(t, engine).then((client) => {
        const { socket } = client
        socket.once('session', resolve)
        client.send(get)
      })
    })
    const resumed = async () => (await secure(t, engine, { session })).isSessionReused()
    assert.equal(await resumed(), true)
    engine.change({ tls: { cert: wildPem, key: wildKey } })
    assert.equal(await resumed(), true)
    engine.change({ tls: { ...site, clientAuth: { mode: 'optional', ca: authorityPem } } })
    assert.equal(await resumed(), false)
  })
})

describe('client certificates', () => {
  const agent = { cert: agentPem, key: agentKey }
  const plain = { cert: plainPem, key: plainKey }
  const stranger = { cert: strangerPem, key: strangerKey }
  const nobody = {}
  const uris = 'spiffe://a/ns/x;https://example.com/id%3B1'

  type Mode = NonNullable<Tls['clientAuth']>['mode']
  interface Row {
    readonly mode: Mode
    readonly who: string
    readonly client: ConnectionOptions
    /** Undefined: no request is taken. */
    readonly header?: string | false
  }
  const rows: readonly Row[] = [
    { mode: 'none', who: 'an agent', client: agent, header: false },
    { mode: '', who: 'an agent', client: agent, header: false },
    { mode: 'optional', who: 'nobody', client: nobody, header: false },
    { mode: 'optional', who: 'an agent', client: agent, header: uris },
    { mode: 'optional', who: 'one without URIs', client: plain, header: false },
    { mode: 'optional', who: 'a stranger', client: stranger },
    { mode: 'require', who: 'nobody', client: nobody },
    { mode: 'require', who: 'an agent', client: agent, header: uris },
    { mode: 'require', who: 'a stranger', client: stranger },
  ]
  for (const { mode, who, client, header } of rows) {
    test(`${mode || "''"}: ${who} is ${header === undefined ? 'turned away' : 'let in'}`, async (t) => {
      const engine = await listening(t, { ...site, clientAuth: { mode, ca: authorityPem } })
      const seen = await told(t, engine, client)
      if (header === undefined) {
        assert.equal(seen, undefined)
        await eventually('it to be counted', () => engine.engine.counts.handshakeErrors === 1)
        assert.ok(engine.log.some(({ msg, level }) => msg === 'TLS handshake failed' && level === 'debug'))
      } else {
        assert.equal(seen.header, header === false ? undefined : header)
        assert.equal(engine.engine.counts.handshakeErrors, 0)
      }
      await engine.settled()
    })
  }

  test('are told to expressions', async (t) => {
    const engine = await listening(t, { ...site, clientAuth: { mode: 'require', ca: authorityPem } })
    const { peerCertificate } = await told(t, engine, agent)
    assert.deepEqual(peerCertificate.uris, ['spiffe://a/ns/x', 'https://example.com/id;1'])
    assert.deepEqual(peerCertificate.dnsNames, ['agent-a.example', 'b.example'])
    assert.equal(peerCertificate.subject, 'CN=agent-a,O=Acme\\, Inc.,C=DE')
    assert.equal(peerCertificate.serial, 'a1b2c')
  })

  test('can be told to upstreams in full, and the form changes on the living connection', async (t) => {
    const clientAuth = { mode: 'require', ca: authorityPem } as const
    const engine = await listening(t, { ...site, clientAuth: { ...clientAuth, xfcc: 'envoy' } })
    const client = await secureClient(t, engine, agent)
    client.send(get)
    const full = `Hash=${hashOf(agentPem)};Subject=\\"CN=agent-a,O=Acme\\\\\\\\, Inc.,C=DE\\";URI=spiffe://a/ns/x;URI=https://example.com/id%3B1;DNS=agent-a.example;DNS=b.example`
    assert.ok((await client.until('"header"')).includes(`"header":"${full}"`), client.text)
    engine.change({ tls: { ...site, clientAuth: { ...clientAuth, xfcc: 'uri' } } })
    client.send(get)
    await client.until(`"header":"${uris}"`)
    const one = await told(t, engine, plain)
    assert.equal(one.header, undefined)
  })

  test('that are only claimed are seen by nobody, in clear text and in TLS', async (t) => {
    const forged = 'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\nX-Forwarded-Client-Cert: spiffe://forged\r\n\r\n'
    const trusting = { trustedProxies: ['127.0.0.0/8'] }
    const clear = await openEngine(t, tellCertificate, trusting)
    assert.doesNotMatch(await rawExchange(clear.port, forged), /forged/)
    const engine = await listening(t, { ...site, clientAuth: { mode: 'require', ca: authorityPem } }, trusting)
    const client = await secureClient(t, engine, agent)
    client.send(forged)
    const text = await client.untilClosed()
    assert.doesNotMatch(text, /forged/)
    assert.ok(text.includes(`"header":"${uris}"`))
  })
})

describe('handshakes', () => {
  test('that never end are ended, however slowly they drip', async (t) => {
    const engine = await listening(t)
    const client = await rawClient(t, engine.port)
    await eventually('the connection', () => engine.engine.connections === 1)
    const hello = Buffer.from('1603010200010001fc0303', 'hex')
    for (const byte of hello) {
      client.send(Buffer.from([byte]))
      await new Promise(setImmediate)
      engine.clock.advance(900)
    }
    assert.equal(engine.engine.connections, 1)
    engine.clock.advance(200)
    await client.untilClosed()
    await engine.settled()
    assert.equal(engine.engine.counts.handshakeErrors, 1)
    assert.equal(engine.log.at(-1)?.['error'], 'it took too long')
  })

  test('that are none fail, and whoever only looks whether somebody listens is not counted', async (t) => {
    const engine = await listening(t)
    assert.doesNotMatch(await rawExchange(engine.port, get), /HTTP/)
    await eventually('it to be counted', () => engine.engine.counts.handshakeErrors === 1)
    for (let round = 0; round < 3; round++) {
      const socket = connectTcp(engine.port, '127.0.0.1')
      await once(socket, 'connect')
      socket.destroy()
    }
    await engine.settled()
    const { accepted, open, handshakeErrors } = engine.engine.counts
    assert.deepEqual({ accepted, open, handshakeErrors }, { accepted: 4, open: 0, handshakeErrors: 1 })
  })

  test('are not begun for connections over the limit', async (t) => {
    const engine = await listening(t, site, { limits: { maxConnections: 1 } })
    const first = await secureClient(t, engine)
    await assert.rejects(secure(t, engine))
    first.send(last)
    await first.untilClosed()
    await engine.settled()
  })
})

describe('the switch between clear text and TLS', () => {
  test('is for new connections; those of before drain, those that are idle at once', async (t) => {
    const engine = await openEngine(t, tellCertificate, { drainTimeout: '10s' })
    const idle = await rawClient(t, engine.port)
    idle.send(get)
    await idle.until('"scheme":"http"')
    engine.change({ tls: site })
    assert.equal((await told(t, engine)).scheme, 'https')
    await idle.untilClosed()
    engine.change({ tls: undefined })
    assert.match((await ask(`http://127.0.0.1:${engine.port}/`)).body, /"scheme":"http"/)
    await engine.settled()
  })

  test('cuts what still goes on when the time to drain is over', async (t) => {
    const engine = await openEngine(t, () => undefined, { drainTimeout: '100ms' })
    const client = await rawClient(t, engine.port)
    client.send(get)
    await eventually('the request', () => engine.inFlight.size === 1)
    engine.change({ tls: site })
    assert.equal(await client.untilClosed(), '')
    await engine.settled()
  })
})

test('an answer that is broken off is not ended properly', async (t) => {
  const engine = await openEngine(
    t,
    ({ downstream }) => {
      downstream.answer(200, [], Buffer.alloc(10_000_000))
      setImmediate(() => downstream.cut())
    },
    { tls: site },
  )
  const socket = await secure(t, engine)
  socket.write(get)
  let received = 0
  socket.on('data', (chunk: Buffer) => {
    received += chunk.length
  })
  socket.on('error', () => undefined)
  await once(socket, 'close')
  assert.ok(received < 10_000_000)
  await engine.settled()
})
