import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Member, Members } from './members.ts'

test('any sequence of adding and deleting leaves the same members as a Set would have', () => {
  const step = fc.record({ adds: fc.boolean(), which: fc.nat(9) })
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const all: Member[] = Array.from({ length: 10 }, () => ({ place: -1 }))
      const members = new Members()
      const set = new Set<Member>()
      for (const { adds, which } of steps) {
        const member = all[which]
        assert.ok(member)
        if (adds) members.add(member)
        else members.delete(member)
        if (adds) set.add(member)
        else set.delete(member)
        assert.equal(members.size, set.size)
      }
      assert.deepEqual(new Set(members), set)
      for (const member of all) assert.equal(members.has(member), set.has(member))
    }),
  )
})

test('a member of another list is not taken for one of this', () => {
  const [one, other] = [{ place: -1 }, { place: -1 }]
  const [first, second] = [new Members(), new Members()]
  first.add(one)
  second.add(other)
  first.delete(other)
  assert.deepEqual([first.size, second.size], [1, 1])
})

test('all can be taken out while they are looked through', () => {
  const members = new Members()
  for (let count = 0; count < 5; count++) members.add({ place: -1 })
  let seen = 0
  for (const member of members) {
    seen++
    members.delete(member)
  }
  assert.deepEqual([seen, members.size], [5, 0])
})
