import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GroupInput, RouteInput } from '@vrata/model'
import { compileRoutes } from './compile.ts'
import { verdict } from './conditions.ts'
import { explain } from './explain.ts'
import { config, facts, group, route } from './fixtures.ts'

const yes = 'request.method == "GET"'
const no = 'request.method == "PUT"'
const fails = 'request.headers["absent"] == "1"'

/** The chain of a route `r` in a group `g` for `GET /`. */
function chainOf(ofRoute: Partial<RouteInput>, ofGroup: Partial<GroupInput> = {}) {
  const { table } = compileRoutes(config([route('r', {}, ofRoute)], [group('g', ['r'], ofGroup)]))
  const { winner, chain } = explain(table, facts('/'), 'l1')
  assert.ok(winner)
  // What is told of the middlewares that are not disabled is what whoever runs the chain is told.
  const told = new Map(chain.map(({ middlewareId, runs }) => [middlewareId, runs]))
  for (const link of winner.chain) assert.equal(verdict(link, facts('/')).runs, told.get(link.middlewareId))
  return chain
}

const rows: readonly [
  name: string,
  override: NonNullable<RouteInput['middlewareOverrides']>[string],
  runs: boolean,
  because: string,
  results: readonly string[],
][] = [
  ['without conditions', {}, true, 'it has no conditions', []],
  ['with an empty list', { onlyWhen: [] }, true, 'it has no conditions', []],
  [
    'skipped by the first',
    { skipWhen: [yes, no] },
    false,
    'skipWhen[0] is true',
    ['skipWhen 0 true', 'skipWhen 1 false'],
  ],
  [
    'skipped by the second',
    { skipWhen: [fails, yes] },
    false,
    'skipWhen[1] is true',
    ['skipWhen 0 error', 'skipWhen 1 true'],
  ],
  ['not skipped', { skipWhen: [no, no] }, true, 'skipWhen: none is true', ['skipWhen 0 false', 'skipWhen 1 false']],
  ['not skipped by an error', { skipWhen: [fails] }, true, 'skipWhen: none is true', ['skipWhen 0 error']],
  [
    'wanted by the second',
    { onlyWhen: [no, yes] },
    true,
    'onlyWhen[1] is true',
    ['onlyWhen 0 false', 'onlyWhen 1 true'],
  ],
  [
    'wanted by one behind an error',
    { onlyWhen: [fails, yes] },
    true,
    'onlyWhen[1] is true',
    ['onlyWhen 0 error', 'onlyWhen 1 true'],
  ],
  ['not wanted', { onlyWhen: [no] }, false, 'onlyWhen: none is true', ['onlyWhen 0 false']],
  [
    'run after an error',
    { onlyWhen: [no, fails] },
    true,
    'onlyWhen[1] cannot be evaluated',
    ['onlyWhen 0 false', 'onlyWhen 1 error'],
  ],
  ['disabled', { disabled: true }, false, "disabled by the route's override", []],
  [
    'disabled, its conditions not asked',
    { disabled: true, onlyWhen: [yes] },
    false,
    "disabled by the route's override",
    [],
  ],
]
for (const [name, override, runs, because, results] of rows) {
  test(`a middleware ${name}: ${because}`, () => {
    const [link] = chainOf({ middlewareIds: ['m'], middlewareOverrides: { m: override } })
    assert.ok(link)
    assert.equal(link.runs, runs)
    assert.equal(link.because, because)
    assert.deepEqual(
      link.conditions.map(({ list, at, result }) => `${list} ${at} ${result}`),
      results,
    )
    for (const { result, error } of link.conditions)
      assert.equal(error, result === 'error' ? 'No such key: absent' : undefined)
  })
}

test('disabled middlewares keep their place, and it is told who attaches and who disables them', () => {
  const chain = chainOf(
    { middlewareIds: ['c'], middlewareOverrides: { b: { disabled: true } } },
    { middlewareIds: ['a', 'b'], middlewareOverrides: { c: { disabled: true }, a: { disabled: true } } },
  )
  assert.deepEqual(
    chain.map(({ middlewareId, from, because }) => `${from} ${middlewareId}: ${because}`),
    [
      "group a: disabled by the group's override",
      "group b: disabled by the route's override",
      "route c: disabled by the group's override",
    ],
  )
})

test('the override of the route takes the place of the one of the group, the expressions are told', () => {
  const [link] = chainOf(
    { middlewareOverrides: { m: { skipWhen: [no] } } },
    { middlewareIds: ['m'], middlewareOverrides: { m: { onlyWhen: [no] } } },
  )
  assert.deepEqual(link?.conditions, [{ list: 'skipWhen', at: 0, expression: no, result: false }])
})
