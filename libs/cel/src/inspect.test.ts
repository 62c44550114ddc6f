import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CelError, compileClaimsPredicate, compileIdentityPredicate, compilePredicate, defaultLimits } from './index.ts'

/** The error that compiling throws. */
function refusal(source: string, compile: (source: string) => unknown = compilePredicate): CelError {
  try {
    compile(source)
  } catch (thrown) {
    assert.ok(thrown instanceof CelError, String(thrown))
    assert.equal(thrown.source, source)
    return thrown
  }
  return assert.fail(`${source} compiles`)
}

describe('expressions are refused with a place and, where there is one, a better word', () => {
  const rows: readonly [source: string, message: RegExp, position: number | undefined, suggestion?: string][] = [
    ['request.pth == "/"', /`request` has no member `pth`/, 8, 'request.path'],
    ['request["pth"] == "/"', /`request` has no member `pth`/, 0, 'request.path'],
    ['request.client_ip == "::1"', /has no member `client_ip`/, 8, 'request.clientIp'],
    ['request.body.jsno.a == 1', /`request.body` has no member `jsno`/, 13, 'request.body.json'],
    ['has(request.body.jsn)', /`request.body` has no member `jsn`/, 17, 'request.body.json'],
    ['request.tls.peerCertificate.uri == []', /has no member `uri`/, 28, 'request.tls.peerCertificate.uris'],
    ['true && request.tls.peer == 1', /`request.tls` has no member `peer`/, 20],
    ['request.toString == "x"', /`request` has no member `toString`/, 8],
    ['reqest.path == "/"', /there is no variable `reqest`/, 0, 'request'],
    ['claims.sub == "x"', /there is no variable `claims`/, 0],
    ['request.path.startWith("/a")', /there is no function `startWith`/, 13, 'startsWith'],
    ['request.path.matchs("/a")', /there is no function `matchs`/, 13, 'matches'],
    ['len(request.path) > 1', /there is no function `len`/, 0],
    ['cel.bind(x, 1, x == 1)', /there is no function `bind`/, 4],
    ['__each([1], 1).all(x, true)', /there is no function `__each`/, 0],
    ['request.path == 1', /no such overload: string == int/, 0],
    ['request.path.startsWith(1)', /no matching overload/, 0],
    ['request.path', /has to be true or false; it is of type string/, 0],
    ['size(request.path)', /it is of type int/, 0],
    ['request.body', /it is of type Body/, 0],
    ['request.path == "', /Unterminated string/, 16],
    ['request.path ==', /Unexpected token: EOF/, 15],
    ['request.path = "/"', /Unexpected character: =/, 13],
    ['', /Unexpected token: EOF/, 0],
    ['request.path.matches("a(b")', /matches: missing closing \)/, 13],
    ['matches(request.path, "(?=a)")', /look-around does not exist/, 0],
    ['9223372036854775808 > 1', /9223372036854775808 is not within 64 bits/, 0],
    ['-9223372036854775809 < 1', /-9223372036854775809 is not within 64 bits/, 1],
    ['has(request.headers["x"])', /has\(\) invalid argument/, 4],
  ]
  for (const [source, message, position, suggestion] of rows) {
    it(`${source} is refused`, () => {
      const error = refusal(source)
      assert.match(error.message, message)
      assert.doesNotMatch(error.message, /\n/)
      assert.equal(error.position, position)
      assert.equal(error.suggestion, suggestion)
    })
  }

  it('knows the variables of each kind of expression', () => {
    assert.equal(refusal('claim.sub == "x"', compileClaimsPredicate).suggestion, 'claims')
    assert.equal(refusal('jwt.claim.sub == "x"', compileIdentityPredicate).suggestion, 'jwt.claims')
    assert.equal(refusal('apikey.id == "x"', compileIdentityPredicate).suggestion, 'apiKey')
  })
})

describe('expressions within the limits compile, larger ones are refused', () => {
  const nested = (levels: number) => `${'('.repeat(levels)}!${'!'.repeat(levels)}true${')'.repeat(levels)}`
  const rows: readonly [name: string, fits: string, tooLarge: string, message: RegExp][] = [
    ['length', `true // ${'x'.repeat(8184)}`, `true // ${'x'.repeat(8185)}`, /8193 characters; 8192 are allowed/],
    ['nodes', orOf(250), orOf(251), /more than 1000 parts/],
    ['depth', `${'!'.repeat(32)}true`, `${'!'.repeat(33)}true`, /nested more than 32 levels deep/],
    [
      'comprehensions',
      '[[1]].all(x, x.all(y, y > 0))',
      '[[[1]]].all(x, x.all(y, y.all(z, z > 0)))',
      /comprehensions are nested more than 2 levels deep/,
    ],
  ]
  for (const [name, fits, tooLarge, message] of rows) {
    it(`limit of ${name}`, () => {
      compilePredicate(fits)
      assert.match(refusal(tooLarge).message, message)
    })
  }

  it('counts a chain of && or || as one level', () => {
    compilePredicate(Array.from({ length: 80 }, () => 'true').join(' && '))
    compilePredicate(Array.from({ length: 80 }, () => 'true').join(' || '))
  })

  it('does not count comprehensions that follow one another', () => {
    compilePredicate('[1].map(x, x + 1).filter(x, x > 1).all(x, x == 2)')
  })

  it('survives what would overflow the stack of a parser', () => {
    for (const source of ['('.repeat(8000), '!'.repeat(8000), '['.repeat(8000), '-'.repeat(8000), nested(1000)])
      refusal(source)
    refusal(`a${'.a'.repeat(4000)}`)
    refusal(`true${' ? true : true'.repeat(500)}`)
  })

  it('takes other limits', () => {
    const limits = { ...defaultLimits, sourceLength: 10, nodes: 3, depth: 2, comprehensionDepth: 0 }
    compilePredicate('1 == 1', limits)
    for (const source of ['1  ==   1  ', '1+1==2', '[].all(x,x)', '!!!true']) {
      assert.throws(() => compilePredicate(source, limits), CelError)
    }
  })

  /** 4 nodes for each term but the first, which is 3 */
  function orOf(terms: number): string {
    return Array.from({ length: terms }, () => '1 == 1').join('||')
  }
})

describe('readsBody is read off the syntax tree', () => {
  const rows: readonly [source: string, readsBody: boolean][] = [
    ['request.body.raw == ""', true],
    ['has(request.body)', true],
    ['request["body"].raw == ""', true],
    ["request['bo' + 'dy'].raw == ''", true],
    ['request.path == "request.body"', false],
    ['request.path == "/" // request.body', false],
    ['request.headers["body"] == "x"', false],
    ['request["path"] == "/"', false],
    ['[request].all(r, r.body.raw == "")', true],
    ['[1].all(x, x == 1 || request.body.size == 1)', true],
  ]
  for (const [source, readsBody] of rows) {
    it(`${source} ${readsBody ? 'reads' : 'does not read'} the body`, () => {
      assert.equal(compilePredicate(source).readsBody, readsBody)
    })
  }
})

describe('cost', () => {
  it('orders expressions: short ones, regular expressions, comprehensions, the body', () => {
    const sources = [
      'request.method == "GET"',
      'request.method == "GET" && request.host == "a"',
      'request.path.matches("^/a")',
      'request.headers.exists(name, name.startsWith("x-"))',
      'request.path.matches(request.host)',
      'request.body.size == 0',
      'request.body.raw.matches("a")',
    ]
    const costs = sources.map((source) => compilePredicate(source).cost)
    assert.deepEqual(
      costs,
      costs.toSorted((left, right) => left - right),
    )
    assert.equal(new Set(costs).size, costs.length)
  })
})
