import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Failure } from './failure.ts'
import { type FailureContext, failureAnswer } from './failure-answer.ts'
import { type FailureReason, failures } from './failures.ts'
import { codeOf, toFailure, type UpstreamPhase } from './to-failure.ts'

const coded = (code: string) => Object.assign(new Error(`something about ${code}`), { code })

const rows: readonly [thrown: unknown, phase: UpstreamPhase, reason: FailureReason][] = [
  [coded('ECONNREFUSED'), 'connect', 'connection_refused'],
  [coded('EHOSTUNREACH'), 'connect', 'connection_refused'],
  [coded('ECONNRESET'), 'connect', 'connection_refused'],
  [coded('EWHATEVER'), 'connect', 'connection_refused'],
  [new Error('no code'), 'connect', 'connection_refused'],
  [coded('ENOTFOUND'), 'connect', 'dns_failure'],
  [coded('EAI_AGAIN'), 'connect', 'dns_failure'],
  [coded('ETIMEDOUT'), 'connect', 'timeout'],
  [coded('ECONNRESET'), 'handshake', 'tls_handshake_failure'],
  [coded('CERT_HAS_EXPIRED'), 'handshake', 'tls_handshake_failure'],
  [coded('DEPTH_ZERO_SELF_SIGNED_CERT'), 'exchange', 'tls_handshake_failure'],
  [coded('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), 'exchange', 'tls_handshake_failure'],
  [coded('ERR_TLS_CERT_ALTNAME_INVALID'), 'exchange', 'tls_handshake_failure'],
  [coded('ERR_SSL_WRONG_VERSION_NUMBER'), 'exchange', 'tls_handshake_failure'],
  [coded('ECONNRESET'), 'exchange', 'connection_reset'],
  [coded('EPIPE'), 'exchange', 'connection_reset'],
  [coded('HPE_INVALID_CONSTANT'), 'exchange', 'upstream_protocol_error'],
  ['thrown text', 'exchange', 'upstream_protocol_error'],
  [new AggregateError([new Error('a'), coded('ECONNREFUSED')]), 'connect', 'connection_refused'],
]

for (const [thrown, phase, reason] of rows) {
  test(`${codeOf(thrown) || String(thrown)} while ${phase} is ${reason}`, () => {
    const failure = toFailure(thrown, phase)
    assert.equal(failure.reason, reason)
    assert.equal(failure.cause, thrown)
    assert.equal(failure.message, failures[reason].message)
  })
}

test('a failure stays what it is', () => {
  const failure = new Failure('overloaded')
  assert.equal(toFailure(failure, 'exchange'), failure)
})

const standard: FailureContext = {
  detail: 'standard',
  grpc: false,
  destination: 'd',
  endpoint: '10.0.0.1:80',
  requestId: 'r',
  traceId: 't',
}

test('at no level but full does anything thrown or any address appear', () => {
  for (const reason of Object.keys(failures) as FailureReason[]) {
    for (const detail of ['minimal', 'standard'] as const) {
      const failure = new Failure(reason, {}, new Error('connect ECONNREFUSED 10.0.0.1:80'))
      const { body, status } = failureAnswer(failure, { ...standard, detail })
      assert.doesNotMatch(body.toString(), /10\.0\.0\.1/)
      assert.equal(JSON.parse(body.toString()).status, status)
    }
  }
})

test('full tells all that is known, in this order, and leaves out what is not', () => {
  const failure = new Failure('timeout', { timeout: 'idle' }, new Error('cause'))
  const now = new Date('2026-03-30T14:22:01.987Z')
  const full = failureAnswer(failure, { ...standard, detail: 'full' }, now)
  assert.equal(
    full.body.toString(),
    '{"error":"timeout","status":504,"message":"the upstream did not answer in time","reason":"idle","destination":"d",' +
      '"endpoint":"10.0.0.1:80","timestamp":"2026-03-30T14:22:01Z","cause":"cause","requestId":"r","traceId":"t"}\n',
  )
  const little = { ...standard, detail: 'full', destination: '', endpoint: '', requestId: '', traceId: '' } as const
  const { body } = failureAnswer(new Failure('no_route'), little, now)
  assert.deepEqual(Object.keys(JSON.parse(body.toString())), ['error', 'status', 'message', 'timestamp'])
})

test('gRPC gets a status for every reason, and a message that fits a header', () => {
  const wanted: Partial<Record<FailureReason, string>> = { timeout: '4', no_route: '12', connection_refused: '14' }
  for (const reason of Object.keys(failures) as FailureReason[]) {
    const failure = new Failure(reason, { message: 'ä 100% wrong\n' })
    const { status, headers } = failureAnswer(failure, { ...standard, grpc: true })
    assert.equal(status, 200)
    const value = (name: string) => headers[headers.indexOf(name) + 1]
    assert.match(value('grpc-status') ?? '', /^\d+$/)
    if (wanted[reason] !== undefined) assert.equal(value('grpc-status'), wanted[reason])
    assert.equal(value('grpc-message'), '%C3%A4 100%25 wrong%0A')
  }
})

test('only what passes soon asks to try again', () => {
  assert.ok(failureAnswer(new Failure('overloaded'), standard).headers.includes('retry-after'))
  assert.ok(!failureAnswer(new Failure('no_endpoint'), standard).headers.includes('retry-after'))
})
