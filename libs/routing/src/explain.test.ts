import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RouteInput } from '@vrata/model'
import fc from 'fast-check'
import { compileRoutes } from './compile.ts'
import { explain, maxCandidates } from './explain.ts'
import { failedPredicate } from './failed-predicate.ts'
import { config, facts, group, route, type TypedRequest } from './fixtures.ts'
import { oracle } from './oracle.ts'
import { answer, knowledge, requests, show, tables } from './testing/generated.ts'

function table(...routes: Parameters<typeof config>) {
  return compileRoutes(config(...routes)).table
}

test('the candidates stand in the order in which they are asked, the first that holds wins', () => {
  const asked = table([
    route('prefix', { pathPrefix: '/a' }),
    route('exact', { path: '/a/exact' }),
    route('longer', { pathPrefix: '/a/long' }),
  ])
  const { winner, candidates, omitted, chain } = explain(asked, facts('/a/long/x'), 'l1')
  assert.equal(winner?.route.id, 'longer')
  assert.deepEqual(
    candidates.map(({ entry, ...rest }) => ({ id: entry.route.id, ...rest })),
    [
      {
        id: 'exact',
        result: 'rejected',
        failed: { predicate: 'path', expected: '/a/exact', actual: '/a/long/x' },
      },
      { id: 'longer', result: 'matched' },
      { id: 'prefix', result: 'not_reached' },
    ],
  )
  assert.equal(omitted, 0)
  assert.deepEqual(chain, [])
})

const rejections: readonly [
  name: string,
  match: RouteInput['match'],
  request: TypedRequest | string,
  predicate: string,
  expected: string,
  actual: string,
][] = [
  ['a host', { hostnames: ['b.x', '*.a.x'] }, { target: '/', authority: 'A.x:80' }, 'host', 'b.x, *.a.x', 'a.x'],
  ['a path', { path: '/a' }, '/b', 'path', '/a', '/b'],
  ['a prefix', { pathPrefix: '/a/' }, '/ab', 'path', 'prefix /a', '/ab'],
  ['a prefix of text', { pathPrefix: '/a-', prefixMode: 'string' }, '/a', 'path', 'string prefix /a-', '/a'],
  ['a regex', { pathRegex: '/u/[0-9]+$' }, '/u/1/x', 'path', 'regex ^(?:/u/[0-9]+$)', '/u/1/x'],
  ['a regex by its start', { pathRegex: '/u/[0-9]+$' }, '/v', 'path', 'regex ^(?:/u/[0-9]+$)', '/v'],
  ['the canonical path', { path: '/a' }, '/b/../b', 'path', '/a', '/b'],
  ['a method', { methods: ['GET', 'PUT'] }, { target: '/', method: 'POST' }, 'method', 'GET, PUT', 'POST'],
  ['a header that is absent', { headers: [{ name: 'X-A' }] }, '/', 'header', 'x-a: present', 'x-a: absent'],
  [
    'the value of a header',
    { headers: [{ name: 'x-a', value: 'b' }] },
    { target: '/', headers: { 'X-A': ['b', 'c'] } },
    'header',
    'x-a: "b"',
    'x-a: "b, c"',
  ],
  [
    'the expression of a header',
    { headers: [{ name: 'x-a', value: '^v[0-9]', regex: true }] },
    { target: '/', headers: { 'x-a': 'rev2' } },
    'header',
    'x-a: /^v[0-9]/',
    'x-a: "rev2"',
  ],
  ['a parameter', { queryParams: [{ name: 'q', value: 'a b' }] }, '/?q=a+c', 'query', 'q: "a b"', 'q: "a c"'],
  ['gRPC', { grpc: true }, '/', 'grpc', 'content-type: application/grpc', 'content-type: absent'],
  ['an expression that is false', { cel: '1 > 2' }, '/', 'cel', '1 > 2', 'false'],
  [
    'an expression that cannot be evaluated',
    { cel: 'request.headers["x"] == "1"' },
    '/',
    'cel',
    'request.headers["x"] == "1"',
    'error: No such key: x',
  ],
  [
    'an expression over the body',
    { cel: 'request.body.raw == "x"' },
    { target: '/', body: 'y' },
    'cel',
    'request.body.raw == "x"',
    'false',
  ],
]
for (const [name, match, request, predicate, expected, actual] of rejections) {
  test(`${name} is told as the condition that failed`, () => {
    const { winner, candidates } = explain(table([route('r', match)]), facts(request), 'l1')
    assert.equal(winner, undefined)
    assert.deepEqual(
      candidates.map((candidate) => ('failed' in candidate ? candidate.failed : candidate.result)),
      [{ predicate, expected, actual }],
    )
  })
}

test('a listener is told as the condition that failed', () => {
  const asked = table([route('r', {}, { listenerIds: ['l2', 'l3'] })], [], ['l1', 'l2', 'l3'])
  const [candidate] = explain(asked, facts('/'), 'l1').candidates
  assert.deepEqual(candidate && 'failed' in candidate && candidate.failed, {
    predicate: 'listener',
    expected: 'l2, l3',
    actual: 'l1',
  })
})

test('of several conditions that fail the first is told: host, path, then the cheap ones', () => {
  const match = { hostnames: ['b.x'], path: '/a', methods: ['PUT'], headers: [{ name: 'a' }], cel: 'false' }
  const told = (request: TypedRequest) => {
    const [candidate] = explain(table([route('r', match)]), facts(request), 'l1').candidates
    return candidate && 'failed' in candidate ? candidate.failed.predicate : candidate?.result
  }
  assert.equal(told({ target: '/b', authority: 'a.x' }), 'host')
  assert.equal(told({ target: '/b', authority: 'b.x' }), 'path')
  assert.equal(told({ target: '/a', authority: 'b.x' }), 'method')
  assert.equal(told({ target: '/a', authority: 'b.x', method: 'PUT' }), 'header')
  assert.equal(told({ target: '/a', authority: 'b.x', method: 'PUT', headers: { a: '' } }), 'cel')
})

test('a route with several host names stands where it is asked under the one that takes the request', () => {
  const asked = table([route('some', { hostnames: ['a.x', '*'], path: '/a' }), route('wild', { hostnames: ['*.y'] })])
  const order = (authority: string) =>
    explain(asked, facts({ target: '/a', authority }), 'l1').candidates.map(
      ({ entry, result }) => `${entry.route.id} ${result}`,
    )
  assert.deepEqual(order('a.x'), ['some matched', 'wild not_reached'])
  assert.deepEqual(order('b.y'), ['wild matched', 'some not_reached'])
  assert.deepEqual(order('z'), ['wild rejected', 'some matched'])
})

test('a route is a candidate once for each of its groups', () => {
  const asked = table(
    [route('r', { path: '/x' })],
    [group('one', ['r'], { pathPrefix: '/1' }), group('two', ['r'], { pathPrefix: '/2' })],
  )
  assert.deepEqual(
    explain(asked, facts('/2/x'), 'l1').candidates.map(({ entry, result }) => `${entry.group?.id} ${result}`),
    ['one rejected', 'two matched'],
  )
})

test('of very many candidates those near the request are listed, and always the winner', () => {
  const far = Array.from({ length: 300 }, (_, n) => route(`far${n}`, { path: `/far/${n}` }))
  const near = Array.from({ length: 20 }, (_, n) =>
    route(`near${n}`, { pathPrefix: '/', headers: [{ name: `h${n}` }] }),
  )
  const asked = table([...far, ...near, route('last', {})])
  const { winner, candidates, omitted } = explain(asked, facts('/'), 'l1')
  assert.equal(winner?.route.id, 'last')
  assert.equal(candidates.length, maxCandidates)
  assert.equal(omitted, 321 - maxCandidates)
  const listed = candidates.map(({ entry }) => entry.route.id)
  assert.equal(listed.at(-1), 'last')
  assert.ok(near.every(({ id }) => listed.includes(id)))
  assert.deepEqual(
    listed,
    asked.entries.map((entry) => entry.route.id).filter((id) => listed.includes(id)),
    'in the order of the table',
  )
})

test('a request whose body was not asked for is not explained', () => {
  const asked = table([route('r', { cel: 'request.body.raw == "x"' })])
  assert.throws(() => explain(asked, facts({ target: '/', bodyAsked: false }), 'l1'), TypeError)
})

test('whatever the routes and the request: the winner is that of the table and of a look at every route, all before it fail', () => {
  let compared = 0
  const seen = new Set<string>()
  fc.assert(
    fc.property(tables, fc.array(requests, { minLength: 5, maxLength: 15 }), ({ routes, groups }, asked) => {
      const listeners = ['l1', 'l2', 'l3']
      const { table } = compileRoutes(config(routes, groups, listeners))
      const expected = oracle(routes, groups, knowledge)
      for (const request of asked) {
        if (!request.facts.bodyAsked) continue
        compared++
        const { winner, candidates, omitted } = explain(table, request.facts, request.listenerId)
        assert.equal(answer(winner), answer(table.match(request.facts, request.listenerId)), show(request))
        assert.equal(answer(winner), expected.match(request.facts, request.listenerId), show(request))
        assert.equal(candidates.length, table.entries.length)
        assert.equal(omitted, 0)
        const results = candidates.map(({ result }) => result)
        const place = results.indexOf('matched')
        assert.deepEqual(candidates[place]?.entry, winner)
        assert.deepEqual(new Set(results.slice(0, place === -1 ? undefined : place)).size <= 1, true)
        for (const [at, candidate] of candidates.entries()) {
          seen.add(candidate.result === 'rejected' ? candidate.failed.predicate : candidate.result)
          const before = place === -1 || at < place
          assert.equal(candidate.result, before ? 'rejected' : at === place ? 'matched' : 'not_reached')
        }
        if (winner) assert.equal(failedPredicate(winner, request.facts, request.listenerId), undefined)
      }
    }),
    { numRuns: 300 },
  )
  assert.ok(compared > 500)
  const all = ['host', 'path', 'listener', 'method', 'header', 'query', 'grpc', 'cel', 'matched', 'not_reached']
  assert.deepEqual([...seen].sort(), all.sort())
})

test('a route that is said to be rejected takes the request not even when it is alone', () => {
  fc.assert(
    fc.property(tables, requests, ({ routes, groups }, { facts: request, listenerId }) => {
      fc.pre(request.bodyAsked)
      const listeners = ['l1', 'l2', 'l3']
      const { table } = compileRoutes(config(routes, groups, listeners))
      for (const candidate of explain(table, request, listenerId).candidates) {
        const { entry, result } = candidate
        if (result === 'not_reached') continue
        const membership = entry.group ? [{ ...entry.group, routeIds: [entry.route.id] }] : []
        const alone = compileRoutes(config([entry.route], membership, listeners)).table
        assert.equal(alone.match(request, listenerId) !== undefined, result === 'matched', JSON.stringify(candidate))
      }
    }),
    { numRuns: 300 },
  )
})
