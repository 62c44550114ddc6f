import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { type Backend, own, type Scope, startBackend } from '@vrata/testkit'
import { rawClientOn } from '../listeners/testing/raw-client.ts'
import {
  agentKey,
  agentPem,
  authorityPem,
  plainKey,
  plainPem,
  siteKey,
  sitePem,
} from '../listeners/testing/tls-material.ts'
import { type InProcessProxy, startInProcess } from '../testing/in-process.ts'

const uris = 'spiffe://a/ns/x;https://example.com/id%3B1'

/** A gateway that asks for certificates, and routes those of `spiffe://a/` elsewhere. */
async function gateway(t: Scope): Promise<{ readonly proxy: InProcessProxy; readonly backend: Backend }> {
  const backend = await startBackend(t)
  const proxy = await startInProcess(t, (s, port) =>
    s
      .listener('main', port, {
        drainTimeout: '0s',
        trustedProxies: ['127.0.0.0/8'],
        tls: { cert: sitePem, key: siteKey, clientAuth: { mode: 'optional', ca: authorityPem } },
      })
      .destination('d', backend.address)
      .forward('f', '/', 'd')
      .route('agents', {
        name: 'agents',
        match: {
          pathPrefix: '/policy',
          cel: 'request.tls.peerCertificate.uris.exists(uri, uri.startsWith("spiffe://a/"))',
        },
        directResponse: { status: 200, body: 'an agent' },
      }),
  )
  return { proxy, backend }
}

interface Row {
  readonly what: string
  readonly certificate?: { readonly cert: string; readonly key: string }
  /** Header lines that the client sends. */
  readonly sends: readonly string[]
  /** What the upstream gets. */
  readonly gets: string | undefined
}

const agent = { cert: agentPem, key: agentKey }
const plain = { cert: plainPem, key: plainKey }
const forged = 'X-Forwarded-Client-Cert: spiffe://forged'

const rows: readonly Row[] = [
  { what: 'a claim without a certificate is not passed on', sends: [forged], gets: undefined },
  { what: 'the URIs of the certificate are told', certificate: agent, sends: [], gets: uris },
  { what: 'they take the place of what is claimed', certificate: agent, sends: [forged, forged], gets: uris },
  { what: 'a certificate without URIs is not told of', certificate: plain, sends: [forged], gets: undefined },
  {
    what: 'a client cannot have them removed',
    certificate: agent,
    sends: ['Connection: x-forwarded-client-cert, close'],
    gets: uris,
  },
]

async function get(
  t: Scope,
  { port }: InProcessProxy,
  path: string,
  { certificate, sends }: Pick<Row, 'certificate' | 'sends'>,
) {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...certificate })
  own(t, () => socket.destroy())
  await once(socket, 'secureConnect')
  const client = rawClientOn(t, socket)
  const close = sends.some((line) => line.includes('close')) ? [] : ['Connection: close']
  client.send([`GET ${path} HTTP/1.1`, 'Host: a', ...sends, ...close, '', ''].join('\r\n'))
  return client.untilClosed()
}

for (const row of rows) {
  test(row.what, async (t) => {
    const { proxy, backend } = await gateway(t)
    assert.match(await get(t, proxy, '/', row), /^HTTP\/1\.1 200 /)
    const [seen] = backend.requests
    assert.equal(seen?.headers['x-forwarded-client-cert'], row.gets)
    assert.equal(seen?.headers['x-forwarded-proto'], 'https')
  })
}

test('routes are chosen by what is proved, not by what is claimed', async (t) => {
  const { proxy } = await gateway(t)
  assert.match(await get(t, proxy, '/policy', { certificate: agent, sends: [] }), /an agent$/)
  assert.doesNotMatch(await get(t, proxy, '/policy', { certificate: plain, sends: [forged] }), /an agent$/)
  assert.doesNotMatch(await get(t, proxy, '/policy', { sends: [forged] }), /an agent$/)
})
