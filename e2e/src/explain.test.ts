import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { request as encryptedRequest } from 'node:https'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ExplainRequestInput, Explanation, SnapshotConfig } from '@vrata/model'
import {
  agentCertificate,
  ask,
  freePort,
  localhostCertificate,
  repositoryRoot,
  startBackend,
  startControlPlane,
} from '@vrata/testkit'
import { Dice } from '../dice.ts'
import { startGateway } from '../gateway.ts'
import { type GeneratedRequest, generatedRequest, generatedRoutes } from './generated-traffic.ts'

/** What became of a request, in one line. `word` is its first word. */
type Outcome = `${'refused' | 'answer' | 'redirect' | 'forward'} ${string}`

/** Sends a request with its path as it is. */
async function live(port: number, agent: Agent, sent: GeneratedRequest): Promise<Outcome> {
  const { method, path, host, headers, body } = sent
  const asked = request({ host: '127.0.0.1', port, agent, method, path, headers: { ...headers, host } })
  asked.end(body)
  const [answer]: IncomingMessage[] = await once(asked, 'response')
  assert.ok(answer)
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk)
  const { statusCode, headers: got } = answer
  if (got['x-route'] !== undefined) return `answer ${statusCode} ${got['x-route']}`
  if (got.location !== undefined) return `redirect ${statusCode} ${got.location}`
  if (got['x-seen'] !== undefined) return `forward ${got['x-seen']}`
  // Clients of gRPC are told in their own way: 12 is UNIMPLEMENTED, 3 INVALID_ARGUMENT.
  const grpc = { '12': '404 no_route', '3': '400 bad_request' }[String(got['grpc-status'])]
  if (grpc !== undefined) return `refused ${method === 'HEAD' ? grpc.replace(/[a-z_]+$/, '') : grpc}`
  const text = Buffer.concat(chunks).toString()
  // To HEAD there is no body that says which error it is.
  return `refused ${statusCode} ${method === 'HEAD' ? '' : JSON.parse(text).error}`
}

/** The same of an explanation. */
function explained({ refusal, matched, action }: Explanation, method: string): Outcome {
  if (refusal) return `refused ${refusal.status} ${method === 'HEAD' ? '' : refusal.error}`
  assert.equal(matched, action !== null)
  switch (action?.kind) {
    case undefined:
      return `refused 404 ${method === 'HEAD' ? '' : 'no_route'}`
    case 'directResponse':
      return `answer ${action.status} ${action.headers['x-route']}`
    case 'redirect':
      return `redirect ${action.status} ${action.location}`
    case 'forward': {
      const { path, query, host } = action.rewrite
      return `forward ${host} ${query === '' ? path : `${path}?${query}`}`
    }
  }
}

/** A backend that says which host and target it was asked for. */
function echoing(name = 'echo') {
  return {
    name,
    handler: (received: IncomingMessage, response: ServerResponse) => {
      response.setHeader('x-seen', `${received.headers.host} ${received.url}`)
      response.setHeader('x-backend', name)
      received.resume().on('end', () => response.end())
    },
  }
}

test('for 200 generated routes and 300 generated requests an explanation says what the proxy does', async (t) => {
  const dice = new Dice(20_261_124)
  const { client, base, port, activate } = await startGateway(t)
  const backend = await startBackend(t, echoing())
  const apiPort = await freePort()
  const ports = { web: port, api: apiPort }
  const listeners = base
    .listener('web', port, { trustedProxies: ['127.0.0.0/8'] })
    .listener('api', apiPort, {
      hostnames: ['*.shop.test', 'plain.test'],
      encodedSlash: 'keep',
      underscoreHeaders: 'keep',
    })
    .destination('echo', backend.address)
  const id = await activate(generatedRoutes(listeners, 200, dice))
  const agent = new Agent({ keepAlive: true, maxSockets: 4 })
  t.after(() => agent.destroy())

  const words = new Map<string, number>()
  const winners = new Set<string>()
  for (let n = 0; n < 300; n++) {
    const sent = generatedRequest(dice)
    const explanation = await client.explain(sent)
    assert.equal(explanation.source.id, id)
    const outcome = await live(ports[sent.listenerId], agent, sent)
    assert.equal(explained(explanation, sent.method), outcome, JSON.stringify({ sent, route: explanation.route }))
    const [word = ''] = outcome.split(' ')
    words.set(word, (words.get(word) ?? 0) + 1)
    if (explanation.route) winners.add(explanation.route.id)
  }
  for (const word of ['refused', 'answer', 'redirect', 'forward']) {
    assert.ok((words.get(word) ?? 0) >= 20, `${word}: ${words.get(word)}`)
  }
  assert.ok(winners.size >= 40, `${winners.size} different routes`)
})

const cookie = (name: string) => ({ cookie: { name } })

test('where hashes decide, an explanation names the destination and the endpoint that the proxy takes', async (t) => {
  const dice = new Dice(7)
  const { client, base, port, activate } = await startGateway(t)
  const backends = await Promise.all(['b0', 'b1', 'b2', 'b3', 'b4'].map((name) => startBackend(t, echoing(name))))
  const endpoints = backends.map(({ port }) => ({ host: '127.0.0.1', port }))
  const names = new Map(backends.map(({ address, name }) => [address, name]))
  const [first = '', second = ''] = backends.map(({ address }) => address)
  const shares = [
    { destinationId: 'one', weight: 70 },
    { destinationId: 'two', weight: 30 },
  ]
  const balanced = (endpointBalancing: object) => ({ endpoints, options: { endpointBalancing } })
  const mixed = [{ header: { name: 'X-User' } }, cookie('pin')]
  await activate(
    base
      .destination('one', first)
      .destination('two', second)
      .destination('ring', first, balanced({ algorithm: 'RING_HASH', ringHash: { hashPolicy: mixed } }))
      .destination('maglev', first, balanced({ algorithm: 'MAGLEV', maglev: { hashPolicy: mixed } }))
      .destination('source', first, balanced({ algorithm: 'MAGLEV' }))
      .destination('pinned', first, balanced({ algorithm: 'STICKY' }))
      .route('hashed', {
        match: { path: '/hashed' },
        forward: { destinations: shares, destinationBalancing: { algorithm: 'WEIGHTED_CONSISTENT_HASH' } },
      })
      .route('sticky', {
        match: { path: '/sticky' },
        forward: { destinations: shares, destinationBalancing: { algorithm: 'STICKY' } },
      })
      .forward('ring', '/ring', 'ring')
      .forward('maglev', '/maglev', 'maglev')
      .forward('source', '/source', 'source')
      .forward('pinned', '/pinned', 'pinned'),
  )
  const seen = new Map<string, Set<string>>()
  for (const path of ['/hashed', '/sticky', '/ring', '/maglev', '/source', '/pinned']) {
    const taken = new Set<string>()
    seen.set(path, taken)
    for (let n = 0; n < 25; n++) {
      const session = Array.from({ length: 32 }, () => dice.below(16).toString(16)).join('')
      const pins = ['pin', '_vrata_destination_pin', '_vrata_endpoint_pin']
        .map((name) => `${name}=${session}`)
        .join('; ')
      const user = path !== '/hashed' && dice.oneIn(2) ? { 'x-user': `user-${dice.below(1000)}` } : {}
      const headers = { cookie: `a=b; ${pins}`, ...user }
      const { action } = await client.explain({ path, headers })
      assert.ok(action?.kind === 'forward')
      const answer = await ask(`http://127.0.0.1:${port}${path}`, { headers })
      const backend = names.get(action.chosen.endpoint)
      assert.equal(backend, answer.headers['x-backend'], `${path} ${JSON.stringify({ headers, action })}`)
      taken.add(String(backend))
    }
  }
  for (const [path, taken] of seen) {
    const least = path === '/source' ? 1 : path === '/hashed' || path === '/sticky' ? 2 : 3
    assert.ok(taken.size >= least, `${path}: ${[...taken]}`)
  }
})

/** The JSON block of a page below a mark. */
function block<T>(page: string, mark: string): T {
  const text = new RegExp(`<!-- ${mark} -->\n\`\`\`json\n(.*?)\`\`\``, 's').exec(page)?.[1]
  assert.ok(text, mark)
  return JSON.parse(text)
}

test('the example of the documentation is answered as it says', async (t) => {
  const { client } = await startControlPlane(t)
  const page = readFileSync(join(repositoryRoot, 'docs/explain.md'), 'utf8')
  const { listeners, destinations, routes } = block<SnapshotConfig>(page, 'config')
  for (const listener of listeners) await client.listeners.create(listener)
  for (const destination of destinations) await client.destinations.create(destination)
  for (const route of routes) await client.routes.create(route)
  const answer = await client.explain(block<ExplainRequestInput>(page, 'ask'))
  const expected = block<Explanation>(page, 'answer')
  assert.match(answer.source.hash, /^sha256:/)
  assert.deepEqual({ ...answer, source: { ...answer.source, hash: expected.source.hash } }, expected)
})

test('what is told of the certificate of a client is in an explanation what it is in traffic', async (t) => {
  const { client, base, port, activate } = await startGateway(t)
  const backends = await Promise.all(['b0', 'b1', 'b2', 'b3', 'b4'].map((name) => startBackend(t, echoing(name))))
  const endpoints = backends.map(({ port }) => ({ host: '127.0.0.1', port }))
  const names = new Map(backends.map(({ address, name }) => [address, name]))
  const byCertificate = {
    endpoints,
    options: {
      endpointBalancing: {
        algorithm: 'MAGLEV' as const,
        maglev: { hashPolicy: [{ header: { name: 'X-Forwarded-Client-Cert' } }] },
      },
    },
  }
  const shown = new X509Certificate(agentCertificate.cert)
  const peerCertificate = {
    uris: ['spiffe://a/ns/x', 'https://example.com/id;1'],
    dnsNames: ['agent-a.example', 'b.example'],
    subject: 'CN=agent-a,O=Acme\\, Inc.,C=DE',
    serial: 'a1b2c',
    hash: shown.fingerprint256.replaceAll(':', '').toLowerCase(),
  }
  const told = {
    uri: 'spiffe://a/ns/x;https://example.com/id%3B1',
    envoy:
      `Hash=${peerCertificate.hash};Subject="CN=agent-a,O=Acme\\\\, Inc.,C=DE";URI=spiffe://a/ns/x;` +
      'URI=https://example.com/id%3B1;DNS=agent-a.example;DNS=b.example',
  }
  for (const xfcc of ['uri', 'envoy'] as const) {
    await activate(
      base
        .listener('web', port, {
          tls: { ...localhostCertificate, clientAuth: { mode: 'optional', ca: agentCertificate.cert, xfcc } },
        })
        .destination('echo', endpoints[0] === undefined ? '' : `127.0.0.1:${endpoints[0].port}`, byCertificate)
        .forward('others', '/', 'echo')
        .route('agents', {
          match: { pathPrefix: '/', headers: [{ name: 'x-forwarded-client-cert', value: told[xfcc] }] },
          forward: { destinations: [{ destinationId: 'echo', weight: 100 }], rewrite: { path: '/agents' } },
        }),
    )
    for (const [route, shows, described] of [
      ['agents', agentCertificate, { tls: { peerCertificate } }],
      ['others', {}, { tls: true }],
    ] as const) {
      const headers = { 'X-Forwarded-Client-Cert': told[xfcc] } // claimed, and to be believed in neither
      const explanation = await client.explain({ path: '/x', headers, ...described })
      assert.equal(explanation.route?.id, route, `${xfcc} ${route}`)
      const asked = encryptedRequest({
        host: '127.0.0.1',
        port,
        path: '/x',
        headers,
        ca: localhostCertificate.cert,
        agent: false,
        ...shows,
      })
      asked.end()
      const [answer]: IncomingMessage[] = await once(asked, 'response')
      answer?.resume()
      const { action } = explanation
      assert.ok(action?.kind === 'forward')
      assert.equal(answer?.headers['x-seen'], `127.0.0.1:${port} ${action.rewrite.path}`)
      if (route === 'agents') assert.equal(answer?.headers['x-backend'], names.get(action.chosen.endpoint))
    }
  }
})
