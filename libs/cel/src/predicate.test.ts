import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { CelEvaluationError, compilePredicate, type SampleRequest, sampleFacts } from './index.ts'

type Outcome = boolean | 'error'

/** true, false, or `error` when the evaluation fails. */
function outcome(source: string, request: SampleRequest): Outcome {
  const predicate = compilePredicate(source)
  try {
    return predicate.test(sampleFacts(request))
  } catch (thrown) {
    assert.ok(thrown instanceof CelEvaluationError, String(thrown))
    return 'error'
  }
}

function table(name: string, rows: readonly (readonly [source: string, request: SampleRequest, expected: Outcome])[]) {
  describe(name, () => {
    for (const [source, request, expected] of rows) {
      it(`${source} is ${expected} for ${JSON.stringify(request)}`, () => {
        assert.equal(outcome(source, request), expected)
      })
    }
  })
}

const headline = 'request.path.startsWith("/api") && "admin" in request.headers["x-role"] && request.method != "DELETE"'

table('the expression that the product is known for', [
  [headline, { path: '/api/x', headers: { 'x-role': 'admin' } }, true],
  [headline, { path: '/api/x', headers: { 'x-role': 'dev, admin' } }, true],
  [headline, { path: '/api/x', headers: { 'X-Role': ['dev', 'admin'] } }, true],
  [headline, { path: '/api/x', headers: { 'x-role': 'superadmin' } }, false],
  [headline, { path: '/api/x', headers: { 'x-role': 'Admin' } }, false],
  [headline, { path: '/api/x' }, 'error'],
  [headline, { path: '/other' }, false],
  [headline, { path: '/api/x', headers: { 'x-role': 'admin' }, method: 'DELETE' }, false],
])

const certificate = {
  uris: ['spiffe://prod/agent-a'],
  dnsNames: ['a.example'],
  subject: 'CN=agent-a,O=myorg',
  serial: '1f',
}

table('every member of request', [
  ['request.method == "GET"', {}, true],
  ['request.method == "GET"', { method: 'get' }, false],
  ['request.path == "/a/b c"', { path: '/a/b%20c' }, true],
  ['request.path == "/é"', { path: '/%C3%A9' }, true],
  ['request.host == "a.example"', { host: 'a.example' }, true],
  ['request.scheme == "https"', { scheme: 'https' }, true],
  ['request.query == "q=a+b&x"', { query: 'q=a+b&x' }, true],
  ['request.queryParams["q"] == "a b"', { path: '/?q=a+b&q=z' }, true],
  ['request.queryParams.x == ""', { path: '/?x' }, true],
  ['"y" in request.queryParams', { path: '/?x' }, false],
  ['request.queryParams["y"] == ""', { path: '/?x' }, 'error'],
  ['request.clientIp == "10.0.0.7"', { clientIp: '10.0.0.7' }, true],
  ['request.headers["x"] == "1"', {}, 'error'],
  ['request.headers["x"] == "1"', { headers: { X: '1' } }, true],
  ['request.headers["x"] == "1, 2"', { headers: { x: ['1', '2'] } }, true],
  ['request.headers["X"] == "1"', { headers: { x: '1' } }, 'error'],
  ['"x" in request.headers && request.headers.x == "1"', {}, false],
  ['"x" in request.headers', { headers: { x: '' } }, true],
  ['"host" in request.headers', { host: 'a.example' }, false],
  ['size(request.headers) == 2', { headers: { a: '1', b: '2' } }, true],
  ['request.headers.exists(name, name.startsWith("x-"))', { headers: { a: '1', 'x-b': '2' } }, true],
  ['request.headers == {"a": "1"}', { headers: { a: '1' } }, true],
  ['request.body.raw == "hello"', { body: 'hello' }, true],
  ['request.body.raw == "hel" && request.body.truncated', { body: 'hello', bodyLimit: 3 }, true],
  ['request.body.size == 3', { body: 'abc' }, true],
  ['request.body.json.a.b[1] == "x"', { body: { a: { b: [0, 'x'] } } }, true],
  ['request["body"]["json"]["a"] == "x"', { body: { a: 'x' } }, true],
  ['request.body.json.a == "x"', { body: '{"a":"x"}' }, 'error'],
  [
    'request.body.json.a == "x"',
    { body: '{"a":"x"}', headers: { 'content-type': 'Application/Problem+JSON;q=1' } },
    true,
  ],
  ['request.body.json.a == "x"', { body: { a: 'x' }, bodyLimit: 4 }, 'error'],
  ['request.body.json == ["a"]', { body: ['a'] }, true],
  ['request.body.json == "a"', { body: '"a"', headers: { 'content-type': 'application/json' } }, true],
  ['request.body.json == null', { body: null }, true],
  ['"spiffe://prod/agent-a" in request.tls.peerCertificate.uris', { peerCertificate: certificate }, true],
  ['request.tls.peerCertificate.dnsNames == ["a.example"]', { peerCertificate: certificate }, true],
  ['request.tls.peerCertificate.subject == "CN=agent-a,O=myorg"', { peerCertificate: certificate }, true],
  ['request.tls.peerCertificate.serial == "1f"', { peerCertificate: certificate }, true],
  ['request.tls.peerCertificate.serial == "1f"', { scheme: 'https' }, 'error'],
])

table('has asks for presence, through absent parents too', [
  ['has(request.tls)', {}, false],
  ['has(request.tls)', { peerCertificate: certificate }, true],
  ['has(request.tls.peerCertificate)', {}, false],
  ['has(request.tls.peerCertificate.uris)', {}, false],
  ['has(request.tls.peerCertificate.uris)', { peerCertificate: certificate }, true],
  ['has(request.body)', {}, false],
  ['has(request.body)', { body: '' }, true],
  ['has(request.body)', { body: 'x', bodyAsked: false }, false],
  ['has(request.body.raw)', {}, false],
  ['has(request.body.json)', {}, false],
  ['has(request.body.json)', { body: 'text' }, false],
  ['has(request.body.json)', { body: { a: 1 } }, true],
  ['has(request.body.json)', { body: null }, true],
  ['has(request.body.json.a)', {}, false],
  ['has(request.body.json.a)', { body: 'text' }, false],
  ['has(request.body.json.a)', { body: { b: 1 } }, false],
  ['has(request.body.json.a)', { body: { a: null } }, true],
  ['has(request.body.json.a.b)', { body: { c: 1 } }, 'error'],
  ['!has(request.body.json)', {}, true],
  ['has(request.headers.x)', {}, false],
  ['has(request.headers.x)', { headers: { x: '' } }, true],
  ['has(request.method)', {}, true],
  ['has(request.body) && request.body.json.a == 1', {}, false],
  ['has(request.tls) == has(request.body)', {}, true],
])

table('&& and || absorb an error when the other side decides', [
  ['request.headers["x"] == "1" && false', {}, false],
  ['false && request.headers["x"] == "1"', {}, false],
  ['request.headers["x"] == "1" || true', {}, true],
  ['true || request.headers["x"] == "1"', {}, true],
  ['request.headers["x"] == "1" && true', {}, 'error'],
  ['true && request.headers["x"] == "1"', {}, 'error'],
  ['request.headers["x"] == "1" || false', {}, 'error'],
  ['!(request.headers["x"] == "1")', {}, 'error'],
  ['request.headers["x"] == "1" ? true : true', {}, 'error'],
  ['[1, 2].exists(n, request.headers["x"] == "1" || n == 2)', {}, true],
  ['[1, 2].all(n, request.headers["x"] == "1" && n == 2)', {}, false],
  ['[1, 2].all(n, request.headers["x"] == "1")', {}, 'error'],
])

table('a predicate gives a bool or fails', [
  ['request.body.json.flag', { body: { flag: true } }, true],
  ['request.body.json.flag', { body: { flag: false } }, false],
  ['request.body.json.flag', { body: { flag: 'true' } }, 'error'],
  ['request.body.json.flag', { body: { flag: 1 } }, 'error'],
  ['request.body.json.flag', { body: {} }, 'error'],
  ['request.body.json.flag == true', { body: { flag: 'true' } }, false],
  ['1 / (size(request.method) - 3) == 1', {}, 'error'],
  ['int(request.method) == 1', {}, 'error'],
])

const numbers =
  '{"four":4,"half":2.5,"whole":3.0,"big":9007199254740993,"max":9223372036854775807,"more":9223372036854775808,"exp":1e3,"neg":-7,"text":"4","list":[1,2,3]}'
const json = { body: numbers, headers: { 'content-type': 'application/json' } }

table('numbers of JSON', [
  ['request.body.json.four > 3', json, true],
  ['request.body.json.four == 4', json, true],
  ['request.body.json.four == 4.0', json, true],
  ['request.body.json.four == 4u', json, true],
  ['4 == request.body.json.four', json, true],
  ['request.body.json.four < 4.5', json, true],
  ['request.body.json.four >= 4u', json, true],
  ['request.body.json.half > 2', json, true],
  ['request.body.json.half < 3u', json, true],
  ['request.body.json.half == 2', json, false],
  ['type(request.body.json.four) == int', json, true],
  ['type(request.body.json.whole) == int', json, true],
  ['type(request.body.json.exp) == int', json, true],
  ['type(request.body.json.half) == double', json, true],
  ['type(request.body.json.more) == double', json, true],
  ['request.body.json.big == 9007199254740993', json, true],
  ['request.body.json.big == 9007199254740992', json, false],
  ['request.body.json.max == 9223372036854775807', json, true],
  ['request.body.json.four % 3 == 1', json, true],
  ['request.body.json.neg / 2 == -3', json, true],
  ['request.body.json.half * 2.0 == 5.0', json, true],
  ['request.body.json.half + 1 == 3', json, 'error'],
  ['request.body.json.max + 1 > 0', json, 'error'],
  ['request.body.json.four == request.body.json.text', json, false],
  ['request.body.json.text > 3', json, 'error'],
  ['request.body.json.four in request.body.json.list', json, false],
  ['request.body.json.list[request.body.json.four - 2] == 3', json, true],
  ['3.0 in request.body.json.list', json, true],
])

const awkward = { body: { constructor: 1, toString: 2, list: [1, 'a', null, [2]], empty: {}, none: null } }

table('data of clients is data only', [
  ['request.body.json.constructor == 1 && request.body.json.toString == 2', awkward, true],
  ['request.body.json.hasOwnProperty == 1', awkward, 'error'],
  ['request.body.json.size == 1', awkward, 'error'],
  ['"hasOwnProperty" in request.body.json', awkward, false],
  [
    'request.body.json["__proto__"] == 1',
    { body: '{"__proto__":1}', headers: { 'content-type': 'application/json' } },
    true,
  ],
  ['"a" in request.body.json.list', awkward, true],
  ['null in request.body.json.list', awkward, true],
  ['[2] in request.body.json.list', awkward, true],
  ['"b" in request.body.json.list', awkward, false],
  ['request.body.json.empty == {}', awkward, true],
  ['request.body.json.none == null', awkward, true],
  ['size(request.body.json) == 5', awkward, true],
  ['request.body.json.exists(name, name == "empty")', awkward, true],
  ['request.body.json.list.map(x, type(x)) == [int, string, null_type, list]', awkward, true],
  ['request.headers["constructor"] == "1"', {}, 'error'],
  ['"constructor" in request.queryParams', {}, false],
])

describe('facts that change', () => {
  it('are seen as they are at each test', () => {
    const headers = new Map([['x', '1']])
    const facts = { ...sampleFacts(), headers, header: (name: string) => headers.get(name) }
    const predicate = compilePredicate('request.headers["x"] == "1" && !has(request.body)')
    assert.equal(predicate.test(facts), true)
    headers.set('x', '2')
    assert.equal(predicate.test(facts), false)
    headers.set('x', '1')
    assert.equal(predicate.test({ ...facts, body: sampleFacts({ body: 'x' }).body }), false)
  })

  it('give a new body its own JSON', () => {
    const facts = { ...sampleFacts({ body: { n: 1 } }) }
    const predicate = compilePredicate('request.body.json.n == 1')
    assert.equal(predicate.test(facts), true)
    assert.equal(predicate.test(Object.assign(facts, { body: sampleFacts({ body: { n: 2 } }).body })), false)
  })

  it('are not asked for the map of headers by expressions that name one', () => {
    const facts = sampleFacts({ headers: { x: 'a, b' } })
    Object.defineProperty(facts, 'headers', { get: () => assert.fail('the map was built') })
    assert.equal(compilePredicate('"x" in request.headers && "b" in request.headers["x"]').test(facts), true)
    assert.equal(compilePredicate('has(request.headers.y)').test(facts), false)
  })

  it('are not kept by an expression that was run', () => {
    setFlagsFromString('--expose-gc')
    const collect: unknown = runInNewContext('gc')
    assert.ok(typeof collect === 'function')
    const predicates = ['request.headers.exists(name, name == "x")', 'request.path == "/"'].map((one) =>
      compilePredicate(one),
    )
    const seen = predicates.map((predicate) => {
      const facts = sampleFacts({ headers: { x: '1' } })
      assert.equal(predicate.test(facts), true)
      return new WeakRef(facts)
    })
    return new Promise<void>((done) => setImmediate(done)).then(() => {
      collect()
      assert.deepEqual(
        seen.map((facts) => facts.deref()),
        [undefined, undefined],
      )
      // they are used again, so they were there all the time
      for (const predicate of predicates) assert.equal(predicate.test(sampleFacts()), predicate === predicates[1])
    })
  })

  it('that cannot be asked make the evaluation fail, with the cause', () => {
    const broken = new Error('the socket is gone')
    const facts = Object.defineProperty(sampleFacts(), 'clientIp', {
      get: () => {
        throw broken
      },
    })
    assert.throws(() => compilePredicate('request.clientIp == ""').test(facts), {
      name: 'CelEvaluationError',
      cause: broken,
    })
  })
})
