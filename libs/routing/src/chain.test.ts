import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GroupInput, RouteInput } from '@vrata/model'
import { compileRoutes } from './compile.ts'
import { config, facts, group, route } from './fixtures.ts'

const skip = 'request.method == "GET"'
const only = 'request.method == "PUT"'

function entryOf(ofGroup: Partial<GroupInput>, ofRoute: Partial<RouteInput>) {
  const { table, problems } = compileRoutes(config([route('r', {}, ofRoute)], [group('g', ['r'], ofGroup)]))
  assert.deepEqual(
    problems.filter(({ severity }) => severity === 'error'),
    [],
  )
  const [entry] = table.entries
  assert.ok(entry)
  return entry
}

const chains: readonly [string, Partial<GroupInput>, Partial<RouteInput>, readonly string[]][] = [
  [
    'the group comes before the route',
    { middlewareIds: ['b', 'a'] },
    { middlewareIds: ['c'] },
    ['group b', 'group a', 'route c'],
  ],
  [
    'of a repeated id the first place counts',
    { middlewareIds: ['a', 'b'] },
    { middlewareIds: ['c', 'b', 'c'] },
    ['group a', 'group b', 'route c'],
  ],
  [
    'a route takes out a middleware of its group',
    { middlewareIds: ['a', 'b'] },
    { middlewareIds: ['b', 'c'], middlewareOverrides: { b: { disabled: true } } },
    ['group a', 'route c'],
  ],
  [
    'a group takes out a middleware of a route',
    { middlewareOverrides: { a: { disabled: true } } },
    { middlewareIds: ['a', 'b'] },
    ['route b'],
  ],
  [
    'an empty override of the route brings back what the group took out',
    { middlewareIds: ['a'], middlewareOverrides: { a: { disabled: true } } },
    { middlewareOverrides: { a: {} } },
    ['group a'],
  ],
  ['an override alone attaches nothing', {}, { middlewareOverrides: { a: {} } }, []],
  [
    'names of members of objects are ids like others',
    { middlewareIds: ['constructor', 'toString'] },
    {},
    ['group constructor', 'group toString'],
  ],
]

for (const [name, ofGroup, ofRoute, expected] of chains) {
  test(`middlewares: ${name}`, () => {
    const links = entryOf(ofGroup, ofRoute).chain
    assert.deepEqual(
      links.map(({ from, middlewareId }) => `${from} ${middlewareId}`),
      expected,
    )
  })
}

test('the override of a route takes the place of the override of its group as a whole', () => {
  const [link] = entryOf(
    { middlewareIds: ['b'], middlewareOverrides: { b: { skipWhen: [skip] } } },
    { middlewareOverrides: { b: { onlyWhen: [only] } } },
  ).chain
  assert.deepEqual(link?.skipWhen, [])
  assert.equal(link?.onlyWhen[0]?.test(facts({ target: '/', method: 'PUT' })), true)
  assert.equal(link?.onlyWhen[0]?.test(facts({ target: '/', method: 'GET' })), false)
  assert.deepEqual(link?.override?.onlyWhen, [only])
})

test('conditions of a group count where the route has none', () => {
  const [link] = entryOf({ middlewareIds: ['b'], middlewareOverrides: { b: { skipWhen: [skip, only] } } }, {}).chain
  assert.deepEqual(
    link?.skipWhen.map(({ source }) => source),
    [skip, only],
  )
})

const forward = { destinations: [{ destinationId: 'd' }] }

const retries: readonly [string, Partial<GroupInput>, Partial<RouteInput>, number | undefined][] = [
  ['the default of the group counts for a route without its own', { retryDefault: { attempts: 2 } }, { forward }, 2],
  ['the own one goes first', { retryDefault: { attempts: 2 } }, { forward: { ...forward, retry: { attempts: 5 } } }, 5],
  [
    'no attempts are a choice too',
    { retryDefault: { attempts: 2 } },
    { forward: { ...forward, retry: { attempts: 0 } } },
    0,
  ],
  ['there is none without any', {}, { forward }, undefined],
  ['a route that does not forward has none', { retryDefault: { attempts: 2 } }, {}, undefined],
]

for (const [name, ofGroup, ofRoute, attempts] of retries) {
  test(`retries: ${name}`, () => assert.equal(entryOf(ofGroup, ofRoute).retry?.attempts, attempts))
}

test('the group says whether the upstream is told the number of the try', () => {
  assert.equal(entryOf({ includeAttemptCount: true }, {}).includeAttemptCount, true)
  assert.equal(entryOf({}, {}).includeAttemptCount, false)
})
