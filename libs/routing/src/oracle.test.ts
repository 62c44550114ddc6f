import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileRoutes } from './compile.ts'
import { config } from './fixtures.ts'
import { oracle } from './oracle.ts'
import { answer, knowledge, requests, show, type Table, tables } from './testing/generated.ts'

test('the table answers what a look at every route answers', () => {
  fc.assert(
    fc.property(tables, fc.array(requests, { minLength: 10, maxLength: 30 }), ({ routes, groups }: Table, asked) => {
      const { table, problems } = compileRoutes(config(routes, groups, ['l1', 'l2', 'l3']))
      assert.deepEqual(
        problems.filter(({ severity }) => severity === 'error'),
        [],
      )
      const expected = oracle(routes, groups, knowledge)
      for (const request of asked) {
        const found = answer(table.match(request.facts, request.listenerId))
        assert.equal(found, expected.match(request.facts, request.listenerId), show(request))
      }
    }),
    { numRuns: 500 },
  )
})

test('the order in which entities are stored changes neither answers nor the order of entries', () => {
  const shuffled = tables.chain(({ routes, groups }) =>
    fc.record({
      first: fc.constant({ routes, groups }),
      second: fc.record({
        routes: fc.shuffledSubarray(routes, { minLength: routes.length }),
        groups: fc.shuffledSubarray(groups, { minLength: groups.length }),
      }),
    }),
  )
  fc.assert(
    fc.property(shuffled, fc.array(requests, { maxLength: 10 }), ({ first, second }, asked) => {
      const one = compileRoutes(config(first.routes, first.groups)).table
      const other = compileRoutes(config(second.routes, second.groups)).table
      assert.deepEqual(one.entries.map(answer), other.entries.map(answer))
      assert.deepEqual(
        other.entries.map(({ index }) => index),
        [...other.entries.keys()],
      )
      for (const { facts: request, listenerId } of asked) {
        assert.equal(answer(one.match(request, listenerId)), answer(other.match(request, listenerId)))
      }
    }),
    { numRuns: 200 },
  )
})

test('an entry that is said to be hidden takes no request', () => {
  let warned = 0
  fc.assert(
    fc.property(tables, fc.array(requests, { minLength: 20, maxLength: 40 }), ({ routes, groups }: Table, asked) => {
      const { problems } = compileRoutes(config(routes, groups, ['l1', 'l2', 'l3']))
      const expected = oracle(routes, groups, knowledge)
      const hidden = new Set(
        problems.flatMap(({ code, entity, message }) => {
          if (code !== 'route.shadowed') return []
          const inGroup = /^in group "([^"]*)"/.exec(message)?.[1]
          return [inGroup === undefined ? `${entity.id}` : `${inGroup}/${entity.id}`]
        }),
      )
      warned += hidden.size
      for (const request of asked) {
        const winner = expected.match(request.facts, request.listenerId)
        assert.ok(!hidden.has(winner), `${winner} takes ${show(request)}`)
      }
    }),
    { numRuns: 300 },
  )
  assert.ok(warned > 50, `only ${warned} warnings were put to the test`)
})
