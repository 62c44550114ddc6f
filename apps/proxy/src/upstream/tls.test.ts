import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { TLSSocket, TlsOptions } from 'node:tls'
import type { DestinationInput } from '@vrata/model'
import { ask, own, type Scope } from '@vrata/testkit'
import { startInProcess } from '../testing/in-process.ts'
import { caPem, clientKey, clientPem, serverKey, serverPem } from '../testing/tls-material.ts'

type Tls = NonNullable<NonNullable<DestinationInput['options']>['tls']>

/** Answers with what it saw of the handshake. */
async function startTlsBackend(t: Scope, options: TlsOptions = {}) {
  const server = createServer({ cert: serverPem, key: serverKey, ...options }, (request, response) => {
    const socket = request.socket as TLSSocket & { servername?: string }
    const seen = {
      name: socket.servername,
      client: socket.getPeerCertificate().subject?.CN,
      version: socket.getProtocol(),
      reused: socket.isSessionReused(),
      host: request.headers.host,
    }
    if (request.url === '/close') response.setHeader('connection', 'close')
    response.end(JSON.stringify(seen))
  })
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  own(t, async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  })
  return (server.address() as AddressInfo).port
}

async function through(t: Scope, port: number, tls: Tls, host = 'upstream.example.com') {
  return startInProcess(t, (s) =>
    s
      .destination('d', `${host}:443`, { endpoints: [{ host: '127.0.0.1', port }], options: { tls } })
      .forward('r', '/', 'd'),
  )
}

interface Row {
  readonly what: string
  readonly server?: TlsOptions
  readonly tls: Tls
  readonly host?: string
  readonly sees?: object
  readonly error?: string
}

const rows: readonly Row[] = [
  {
    what: 'the name of the destination is asked for and verified, whatever the endpoint is called',
    tls: { mode: 'tls', ca: caPem },
    sees: { name: 'upstream.example.com' },
  },
  {
    what: 'a configured name takes its place',
    tls: { mode: 'tls', ca: caPem, sni: 'upstream.example.com' },
    host: 'other.example.com',
    sees: { name: 'upstream.example.com' },
  },
  {
    what: 'an address is verified, and not asked for',
    tls: { mode: 'tls', ca: caPem },
    host: '127.0.0.1',
    sees: { name: false },
  },
  {
    what: 'a certificate for another name',
    tls: { mode: 'tls', ca: caPem },
    host: 'other.example.com',
    error: 'tls_handshake_failure',
  },
  { what: 'a certificate of an unknown authority', tls: { mode: 'tls' }, error: 'tls_handshake_failure' },
  {
    what: 'a client certificate is shown',
    server: { requestCert: true, rejectUnauthorized: true, ca: caPem },
    tls: { mode: 'mtls', ca: caPem, cert: clientPem, key: clientKey },
    sees: { client: 'client' },
  },
  {
    what: 'no client certificate where one is required',
    server: { requestCert: true, rejectUnauthorized: true, ca: caPem, maxVersion: 'TLSv1.2' },
    tls: { mode: 'tls', ca: caPem },
    error: 'tls_handshake_failure',
  },
  { what: 'a newest version', tls: { mode: 'tls', ca: caPem, maxVersion: 'TLSv1_2' }, sees: { version: 'TLSv1.2' } },
  {
    what: 'an oldest version that the server does not speak',
    server: { maxVersion: 'TLSv1.2' },
    tls: { mode: 'tls', ca: caPem, minVersion: 'TLSv1_3' },
    error: 'tls_handshake_failure',
  },
]

for (const { what, server, tls, host, sees, error } of rows) {
  test(`TLS to an upstream: ${what}`, async (t) => {
    const proxy = await through(t, await startTlsBackend(t, server), tls, host)
    const answer = await ask(proxy.url)
    const body = JSON.parse(answer.body)
    if (error !== undefined) {
      assert.equal(answer.status, 502)
      assert.equal(body.error, error)
      return
    }
    for (const [member, value] of Object.entries(sees ?? {})) assert.equal(body[member], value, answer.body)
  })
}

test('a client’s host does not decide which name is verified, nor cost the connection', async (t) => {
  const port = await startTlsBackend(t)
  const proxy = await through(t, port, { mode: 'tls', ca: caPem })
  for (const host of ['a.example', 'b.example']) {
    const answer = JSON.parse((await ask(proxy.url, { headers: { host } })).body)
    assert.equal(answer.name, 'upstream.example.com')
    assert.equal(answer.host, host)
  }
})

test('later handshakes resume the session', async (t) => {
  const proxy = await through(t, await startTlsBackend(t, { maxVersion: 'TLSv1.2' }), { mode: 'tls', ca: caPem })
  const first = JSON.parse((await ask(`${proxy.url}/close`)).body)
  const second = JSON.parse((await ask(`${proxy.url}/close`)).body)
  assert.equal(first.reused, false)
  assert.equal(second.reused, true)
})
