import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { atTurnEnd, endTurn } from './turn-end.ts'

test('writers are called once, in the order they asked, and not before all else of the turn', async () => {
  const called: string[] = []
  const writer = (name: string) => ({ onTurnEnd: () => called.push(name) })
  atTurnEnd(writer('a'))
  await Promise.resolve()
  atTurnEnd(writer('b'))
  process.nextTick(() => called.push('tick'))
  assert.deepEqual(called, [])
  await turn()
  assert.deepEqual(called, ['tick', 'a', 'b'])
  await turn()
  assert.equal(called.length, 3)
})

test('a writer that asks again is called at the end of the next turn', async () => {
  let calls = 0
  const writer = {
    onTurnEnd() {
      if (++calls === 1) atTurnEnd(writer)
    },
  }
  atTurnEnd(writer)
  await turn()
  assert.equal(calls, 1)
  await turn()
  assert.equal(calls, 2)
})

test('a writer may end the turn itself: nobody is called twice, and nobody is forgotten', async () => {
  const called: string[] = []
  const writer = (name: string) => ({ onTurnEnd: () => void called.push(name) })
  atTurnEnd(writer('a'))
  atTurnEnd({
    onTurnEnd() {
      called.push('b')
      for (const name of ['c', 'd', 'e']) {
        atTurnEnd(writer(name))
        endTurn()
      }
      atTurnEnd(writer('later'))
    },
  })
  atTurnEnd(writer('f'))
  await turn()
  assert.deepEqual(called.splice(0), ['a', 'b', 'c', 'd', 'e', 'f'])
  await turn()
  assert.deepEqual(called, ['later'])
})
