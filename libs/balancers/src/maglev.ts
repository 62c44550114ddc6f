import { Asked, walk } from './detour.ts'
import { type HashedEndpoint, hashedEndpoints } from './hashed-endpoints.ts'
import { highBits, keySpace, lowBits, mixed } from './key.ts'
import type { Picker } from './picker.ts'

const largestTable = 5_000_011

/**
 * A smaller table is made of this size. The share of the keys that move although their owner stays depends on the size
 * alone: below one percent from here on, up to five with 100 slots for each of a few endpoints.
 */
const smallestTable = 65_537

/** How often a key whose owner is unusable is hashed anew before the walk. */
const rehashes = 16

/**
 * Maglev hashing (Eisenbud et al. 2016, "Maglev: A Fast and Reliable Software Network Load Balancer"): a table of
 * `tableSize` slots, at least 65,537, of which each endpoint owns the same number, give or take one. When the set of
 * endpoints changes, a few keys of those that stay move too. A key whose owner is unusable is hashed anew, at most 16 times, then goes to the
 * next usable owner of a slot; so its keys spread over all others, and come back.
 *
 * `ids` name the endpoints; their order plays no part. `salt` is the id of the destination: it makes the tables of
 * destinations with the same endpoints independent. To be rebuilt when the set of endpoints changes, never for health.
 *
 * Throws RangeError when `tableSize` is not a prime number up to 5,000,011: with any other, endpoints would not come by
 * each slot.
 */
export function maglev(ids: readonly string[], salt: string, tableSize = smallestTable): Picker {
  if (tableSize > largestTable || !isPrime(tableSize)) {
    throw new RangeError(`table size ${tableSize} is not a prime number up to ${largestTable}`)
  }
  if (ids.length === 0) return () => -1
  const slots = Math.max(smallestTable, tableSize)
  const owners = filled(hashedEndpoints(ids, salt), slots)
  const asked = new Asked(ids.length)
  return (key, usable) => {
    const slot = slotOf(key, slots)
    const owner = owners[slot] ?? 0
    if (usable(owner)) return owner
    asked.begin()
    asked.add(owner)
    const high = highBits(key)
    const low = lowBits(key)
    for (let attempt = 1; attempt <= rehashes; attempt++) {
      const index = owners[slotOf(mixed(high, low, 0, attempt), slots)] ?? 0
      if (asked.add(index) && usable(index)) return index
    }
    return walk(owners, slot, asked, usable)
  }
}

/** Cuts the keys into as many equal parts as there are slots. */
function slotOf(key: number, slots: number): number {
  return Math.min(slots - 1, Math.floor((key / keySpace) * slots)) // the product may round up to their number
}

/**
 * The owner of each slot. The endpoints take turns; at each, one takes the next slot that is still free in its own order
 * of all slots, which begins somewhere and goes on in steps of the same width.
 */
function filled(endpoints: readonly HashedEndpoint[], tableSize: number): Uint32Array {
  const free = 0xffffffff
  const owners = new Uint32Array(tableSize).fill(free)
  const steps = Uint32Array.from(endpoints, ({ hash }) => (hash.low % (tableSize - 1)) + 1)
  const slots = Uint32Array.from(endpoints, ({ hash }) => hash.high % tableSize)
  let turn = 0
  for (let taken = 0; taken < tableSize; taken++) {
    const step = steps[turn] ?? 1
    let slot = slots[turn] ?? 0
    while (owners[slot] !== free) {
      slot += step
      if (slot >= tableSize) slot -= tableSize
    }
    owners[slot] = endpoints[turn]?.index ?? 0
    slots[turn] = slot
    turn = turn + 1 === endpoints.length ? 0 : turn + 1
  }
  return owners
}

function isPrime(candidate: number): boolean {
  if (!Number.isInteger(candidate) || candidate < 2) return false
  for (let divisor = 2; divisor * divisor <= candidate; divisor++) if (candidate % divisor === 0) return false
  return true
}
