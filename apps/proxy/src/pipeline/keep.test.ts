import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Keep } from './keep.ts'

class Thing implements Disposable {
  [Symbol.dispose](): void {
    this.disposed++
  }

  disposed = 0
}

const make = () => new Thing()

test('equal kind, id and part give the same thing, everything else another', () => {
  const lease = new Keep().lease()
  const thing = lease.get('pool', 'a', { tls: true }, make)
  assert.equal(lease.get('pool', 'a', { tls: true }, make), thing)
  assert.notEqual(lease.get('pool', 'a', { tls: false }, make), thing)
  assert.notEqual(lease.get('pool', 'b', { tls: true }, make), thing)
  assert.notEqual(lease.get('breaker', 'a', { tls: true }, make), thing)
  assert.notEqual(lease.get('pool', 'a', undefined, make), lease.get('pool', 'a', null, make))
})

test('a thing lives as long as somebody claims it, and is disposed once', () => {
  const keep = new Keep()
  const [one, two] = [keep.lease(), keep.lease()]
  const thing = one.get('pool', 'a', 1, make)
  assert.equal(two.get('pool', 'a', 1, make), thing)
  one[Symbol.dispose]()
  one[Symbol.dispose]()
  assert.equal(thing.disposed, 0)
  two[Symbol.dispose]()
  assert.equal(thing.disposed, 1)
  assert.equal(keep.size, 0)
})

test('asking twice is one claim', () => {
  const keep = new Keep()
  const [one, two] = [keep.lease(), keep.lease()]
  const thing = one.get('pool', 'a', 1, make)
  one.get('pool', 'a', 1, make)
  two.get('pool', 'a', 1, make)
  two[Symbol.dispose]()
  assert.equal(thing.disposed, 0)
  one[Symbol.dispose]()
  assert.equal(thing.disposed, 1)
})

test('no secret of a part is kept in a key', () => {
  const keep = new Keep()
  keep.lease().get('tls', 'a', { key: 'hunter2' }, make)
  assert.doesNotMatch(JSON.stringify(keep), /hunter2/)
})

test('whatever gateways come and go, nothing is lost or disposed too early', () => {
  fc.assert(
    fc.property(fc.array(fc.uniqueArray(fc.nat(5), { maxLength: 6 }), { minLength: 1, maxLength: 12 }), (gateways) => {
      const keep = new Keep()
      let current = keep.lease()
      let held = new Map<number, Thing>()
      for (const ids of gateways) {
        const next = keep.lease()
        const things = new Map(ids.map((id) => [id, next.get('pool', String(id), 0, make)]))
        for (const [id, thing] of things) if (held.has(id)) assert.equal(thing, held.get(id))
        current[Symbol.dispose]()
        for (const [id, thing] of held) assert.equal(thing.disposed, things.has(id) ? 0 : 1)
        held = things
        current = next
      }
      current[Symbol.dispose]()
      assert.equal(keep.size, 0)
    }),
  )
})
