import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RadixTree } from './radix-tree.ts'
import { noRank } from './rank.ts'

const word = fc.string({ unit: fc.constantFrom('a', 'b', '/', '.'), maxLength: 8 })

for (const direction of ['beginnings', 'endings'] as const) {
  const fits = (text: string, stored: string) =>
    direction === 'beginnings' ? text.startsWith(stored) : text.endsWith(stored)

  test(`a tree of ${direction} finds what a look at each stored text finds, the longest first`, () => {
    fc.assert(
      fc.property(fc.uniqueArray(word, { maxLength: 30 }), fc.array(word, { maxLength: 20 }), (stored, asked) => {
        const tree = new RadixTree<number>(direction)
        for (const [rank, text] of stored.entries()) tree.node(text).value = rank
        assert.deepEqual(
          [...tree.values()].sort((a, b) => a - b),
          [...stored.keys()],
        )
        tree.freeze((rank) => rank)
        for (const text of [...asked, ...stored]) {
          const expected = stored.filter((one) => fits(text, one)).sort((a, b) => b.length - a.length)
          const found: string[] = []
          const deepest = tree.deepest(text)
          for (let node: typeof deepest | undefined = deepest; node; node = node.parent) {
            if (node.value !== undefined) found.push(stored[node.value] ?? '?')
          }
          assert.deepEqual(found, expected)
          const ranks = expected.map((one) => stored.indexOf(one))
          assert.equal(deepest.best, Math.min(noRank, ...ranks))
        }
      }),
    )
  })
}

test('asking for the node of a stored text gives that node again', () => {
  const tree = new RadixTree<string>('beginnings')
  const node = tree.node('/api')
  tree.node('/apikeys')
  tree.node('/a')
  assert.equal(tree.node('/api'), node)
})
