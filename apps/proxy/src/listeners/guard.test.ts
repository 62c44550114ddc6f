import assert from 'node:assert/strict'
import { test } from 'node:test'
import { completeLimits, ServerConnection } from '@vrata/http1'
import { Listener, type ListenerInput } from '@vrata/model'
import type { AdmittedHead } from '../exchange.ts'
import { Failure } from '../failure/failure.ts'
import { admit, type PathAction } from './guard.ts'
import { listenerRules } from './rules.ts'

function rulesOf(fields: Partial<ListenerInput> = {}) {
  return listenerRules(Listener.parse({ id: 'l', name: 'l', port: 80, ...fields }))
}

interface Ask {
  readonly method?: string
  readonly target?: string
  readonly minorVersion?: number
  /** Names and values in turn. */
  readonly lines?: readonly string[]
  readonly peer?: string
}

/** The head as the codec reads it, whose own limits are far. */
function received({ method = 'GET', target = '/', minorVersion = 1, lines = ['Host', 'a.example'] }: Ask) {
  const connection = new ServerConnection(completeLimits({ head: 1_000_000, startLine: 500_000, fields: 1_000 }))
  const pairs = lines.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${lines[at + 1]}\r\n`] : []))
  connection.receive(Buffer.from(`${method} ${target} HTTP/1.${minorVersion}\r\n${pairs.join('')}\r\n`, 'latin1'))
  const event = connection.next()
  if (event.kind !== 'request') assert.fail(`the codec says ${event.kind}`)
  return event
}

function admitted(ask: Ask, fields: Partial<ListenerInput> = {}, seen: PathAction[] = []): AdmittedHead | Failure {
  const rules = rulesOf(fields)
  const address = ask.peer ?? '192.0.2.1'
  const peer = { address, trusted: rules.trusts(address), certificate: undefined, certificateHeader: undefined }
  return admit(received(ask), rules, peer, 'http', { onPath: (action) => void seen.push(action) })
}

function head(ask: Ask, fields?: Partial<ListenerInput>): AdmittedHead {
  const admission = admitted(ask, fields)
  assert.ok(!(admission instanceof Failure), admission instanceof Failure ? admission.message : '')
  return admission
}

/** Names, in lower case, of the lines that can be seen. */
function namesOf({ fields, hidden }: AdmittedHead): string[] {
  const names = Array.from({ length: fields.length }, (_, at) => fields.name(at))
  return names.filter(({ flags }) => (flags & hidden) === 0).map(({ lower }) => lower)
}

interface Refusal {
  readonly what: string
  readonly ask: Ask
  readonly listener?: Partial<ListenerInput>
  readonly reason?: string
}

const host = ['Host', 'a']

const refusals: readonly Refusal[] = [
  { what: 'no Host in HTTP/1.0', ask: { minorVersion: 0, lines: [] } },
  { what: 'a tunnel', ask: { method: 'CONNECT', target: 'a:443', lines: ['Host', 'a:443'] } },
  { what: 'an encoded slash', ask: { target: '/a%2Fb', lines: host } },
  { what: 'a path above the root', ask: { target: '/..', lines: host } },
  { what: 'a broken escape', ask: { target: '/%zz', lines: host } },
  { what: 'a backslash', ask: { target: '/a\\b', lines: host } },
  {
    what: 'a name with an underscore where they are rejected',
    ask: { lines: [...host, 'a_b', '1'] },
    listener: { underscoreHeaders: 'reject' },
  },
  { what: 'a long target', ask: { target: `/${'x'.repeat(8192)}`, lines: host }, reason: 'uri_too_long' },
  {
    what: 'many header lines',
    ask: { lines: [...host, ...Array.from({ length: 100 }, (_, n) => [`h${n}`, '1']).flat()] },
    reason: 'request_headers_too_large',
  },
  {
    what: 'headers of 65 KB where 64 are allowed',
    ask: { lines: [...host, 'x', 'y'.repeat(65 * 1024)] },
    listener: { maxRequestHeadersKB: 64 },
    reason: 'request_headers_too_large',
  },
  {
    what: 'a declared body over the limit',
    ask: { method: 'POST', lines: [...host, 'Content-Length', '11'] },
    listener: { limits: { maxBodyBytes: 10 } },
    reason: 'payload_too_large',
  },
]

for (const { what, ask, listener, reason = 'bad_request' } of refusals) {
  test(`the guard refuses ${what}: ${reason}`, () => {
    const failure = admitted(ask, listener)
    assert.ok(failure instanceof Failure)
    assert.equal(failure.reason, reason)
  })
}

test('names and values are counted against the limit, the Host is not', () => {
  const fits = ['Host', 'h'.repeat(200), 'x', 'y'.repeat(1023)]
  head({ lines: fits }, { maxRequestHeadersKB: 1 })
  const over = admitted({ lines: [...fits, 'z', ''] }, { maxRequestHeadersKB: 1 })
  assert.ok(over instanceof Failure)
})

test('a target of the longest length passes', () => {
  head({ target: `/${'x'.repeat(8191)}` })
})

test('paths become canonical, the query stays as it is', () => {
  const { path, wirePath, query } = head({ target: '/public/%2e%2e/admin//x?q=%2e&&' })
  assert.equal(path, '/admin/x')
  assert.equal(wirePath, '/admin/x')
  assert.equal(query, 'q=%2e&&')
})

test('where normalisation is off the path goes upstream as received and is matched with its escapes resolved', () => {
  const { path, wirePath } = head({ target: '/a%2Fb//%61' }, { pathNormalization: 'off' })
  assert.equal(wirePath, '/a%2Fb//%61')
  assert.equal(path, '/a/b//a')
})

const modes: readonly (readonly [
  mode: NonNullable<ListenerInput['pathNormalization']>,
  target: string,
  action: PathAction | undefined,
])[] = [
  ['enforce', '/a', undefined],
  ['enforce', '/a//b', 'changed'],
  ['enforce', '/a%2Fb', 'refused'],
  ['report', '/a', undefined],
  ['report', '/a//b', 'would_change'],
  ['report', '/a%2Fb', 'would_refuse'],
  ['off', '/a//b', undefined],
]
for (const [pathNormalization, target, action] of modes) {
  test(`${pathNormalization}: ${target} is ${action ?? 'nothing to tell of'}`, () => {
    const seen: PathAction[] = []
    admitted({ target, lines: host }, { pathNormalization }, seen)
    assert.deepEqual(seen, action === undefined ? [] : [action])
  })
}

test('an encoded slash is kept where the listener says so', () => {
  assert.equal(head({ target: '/a%2fb' }, { encodedSlash: 'keep' }).path, '/a%2Fb')
})

test('the authority of an absolute target is the one that counts, as it was written', () => {
  const { host, authority, path, query } = head({ target: 'HTTP://B.example:81/p?q', lines: ['Host', 'b.EXAMPLE:81'] })
  assert.deepEqual(
    { host, authority, path, query },
    { host: 'b.example', authority: 'B.example:81', path: '/p', query: 'q' },
  )
  assert.equal(head({ target: 'http://b', lines: ['Host', 'b'] }).path, '/')
})

test('hosts are compared in lower case, without port and trailing dot; the authority stays as received', () => {
  const { host, authority } = head({ lines: ['Host', 'ACME.Example.com.:8443'] })
  assert.equal(host, 'acme.example.com')
  assert.equal(authority, 'ACME.Example.com.:8443')
  assert.equal(head({ lines: ['Host', '[::1]:80'] }).host, '[::1]')
})

test('OPTIONS may ask about the server as a whole', () => {
  assert.equal(head({ method: 'OPTIONS', target: '*' }).path, '*')
})

test('what a client must not claim is gone before anybody looks', () => {
  const lines = [...host, 'X-Forwarded-Client-Cert', 'x', 'X-Forwarded-For', '1.1.1.1', 'forwarded', 'a', 'X-Ok', '1']
  assert.deepEqual(namesOf(head({ lines })), ['x-ok'])
})

test('a trusted proxy is believed about addresses, but never about certificates', () => {
  const lines = [...host, 'X-Forwarded-Client-Cert', 'x', 'X-Forwarded-For', '9.9.9.9', 'X-Forwarded-For', '10.1.1.1']
  const passed = head({ lines, peer: '10.0.0.1' }, { trustedProxies: ['10.0.0.0/8'] })
  assert.deepEqual(namesOf(passed), ['x-forwarded-for', 'x-forwarded-for'])
  assert.equal(passed.clientIp, '9.9.9.9')
})

test('gRPC is told from gRPC-Web and from names that only begin alike', () => {
  const type = (value: string) => head({ lines: [...host, 'Content-Type', value] }).grpc
  assert.equal(type('application/grpc'), true)
  assert.equal(type('Application/gRPC+proto'), true)
  assert.equal(type('application/grpc; charset=x'), true)
  assert.equal(type('application/grpc-web'), false)
  assert.equal(type('application/grpcx'), false)
})
