import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileRoutes, compileRoutesInSlices } from './compile.ts'
import { config, facts, group, route } from './fixtures.ts'
import { needsBody } from './slot.ts'

const kinds = [
  (n: number) => ({ path: `/e/${n}` }),
  (n: number) => ({ pathPrefix: `/p/${n}` }),
  (n: number) => ({ pathRegex: `/r/${n}/[0-9]+` }),
  (n: number) => ({ hostnames: [`h${n}.example`, `*.h${n}.example`] }),
]

/** As many routes of all kinds, half of them in a group. */
function manyRoutes(count: number) {
  const routes = Array.from({ length: count }, (_, n) => route(`r${n}`, kinds[n % kinds.length]?.(n)))
  const grouped = routes.filter((_, n) => n % 2 === 0).map(({ id }) => id)
  return config(routes, [group('g', grouped, { pathPrefix: '/g' })])
}

test('compiling in slices gives what compiling at once gives, and stops at least once for every route', () => {
  const many = manyRoutes(400)
  const slices = compileRoutesInSlices(many)
  let stops = 0
  let step = slices.next()
  for (; !step.done; step = slices.next()) stops++
  const once = compileRoutes(many)
  assert.ok(stops >= 400, `${stops} stops`)
  assert.deepEqual(step.value.problems, once.problems)
  assert.deepEqual(
    step.value.table.entries.map(({ index, path, hostnames }) => [index, path, hostnames]),
    once.table.entries.map(({ index, path, hostnames }) => [index, path, hostnames]),
  )
})

test('every entry knows its place in the list of entries', () => {
  const { table } = compileRoutes(manyRoutes(40))
  assert.deepEqual(
    table.entries.map(({ index }) => index),
    [...table.entries.keys()],
  )
})

test('a table does not notice that its configuration is changed afterwards', () => {
  const routes = [route('a', { path: '/a' })]
  const { table } = compileRoutes(config(routes))
  routes.push(route('b', { path: '/b' }))
  assert.equal(table.match(facts('/b'), 'l1'), undefined)
  const found = table.match(facts('/a'), 'l1')
  assert.ok(found !== undefined && found !== needsBody)
  assert.equal(found.path, '/a')
})
