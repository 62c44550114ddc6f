import { Asked, walk } from './detour.ts'
import { type HashedEndpoint, hashedEndpoints } from './hashed-endpoints.ts'
import { keySpace, mixed } from './key.ts'
import type { Hash64 } from './murmur.ts'
import type { Picker } from './picker.ts'

/** Bounds of the number of nodes on a ring; integers from 1 to 8,388,608. */
export interface RingSize {
  readonly min: number
  readonly max: number
}

const sizeLimit = 8_388_608

/** Below this the shares differ too much: with 256 nodes each, a share seldom is more than a fifth off. */
const fewestNodes = 256

/**
 * A hash ring (consistent hashing, Karger et al. 1997): each endpoint has nodes at hashed positions, and a key goes to
 * the owner of the first node from its position on. Is that one unusable, the walk goes on, so only its keys move, and
 * they come back.
 *
 * `ids` name the endpoints; their order plays no part. `salt` is the id of the destination: it makes the rings of
 * destinations with the same endpoints independent. To be rebuilt when the set of endpoints changes, never for health.
 *
 * The number of nodes per endpoint does not follow the number of endpoints as long as `size.max` leaves room. That is
 * why a removed endpoint takes along nothing but its own keys. Each has `size.min` nodes, at least 256; when all
 * together would be more than `size.max`, half as many, and so on (see `nodeCounts`).
 *
 * Throws RangeError on bounds that are none.
 */
export function ringHash(ids: readonly string[], salt: string, size: RingSize = { min: 1024, max: sizeLimit }): Picker {
  const counts = nodeCounts(ids.length, size)
  if (ids.length === 0) return () => -1
  const { positions, owners, starts } = placed(hashedEndpoints(ids, salt), counts)
  const width = keySpace / (starts.length - 1)
  const asked = new Asked(ids.length)
  return (key, usable) => {
    let node = starts[Math.floor(key / width)] ?? 0
    while (node < positions.length && (positions[node] ?? 0) < key) node++
    if (node === positions.length) node = 0
    const owner = owners[node] ?? 0
    if (usable(owner)) return owner
    asked.begin()
    asked.add(owner)
    return walk(owners, node, asked, usable)
  }
}

/**
 * How many nodes each of `endpoints` has: together at least `min`, at most `max`, and each at least 100 if `max` leaves
 * room for that. The steps between are coarse on purpose: a count that changed with each endpoint would move keys
 * between those that stay. With more endpoints than `max` the last ones have none.
 */
export function nodeCounts(endpoints: number, { min, max }: RingSize): readonly number[] {
  for (const bound of [min, max]) {
    if (!Number.isInteger(bound) || bound < 1 || bound > sizeLimit) {
      throw new RangeError(`ring size ${bound} is not an integer from 1 to ${sizeLimit}`)
    }
  }
  if (min > max) throw new RangeError(`ring size: min ${min} is greater than max ${max}`)
  let each = Math.max(min, fewestNodes)
  while (each * endpoints > max) each = each > 100 && each < 200 ? 100 : Math.floor(each / 2)
  const total = each === 0 ? max : Math.max(min, each * endpoints)
  const rest = total % endpoints
  return Array.from({ length: endpoints }, (_, index) => Math.floor(total / endpoints) + (index < rest ? 1 : 0))
}

interface Ring {
  /** Sorted. */
  readonly positions: Float64Array
  /** Index of the endpoint of each node. */
  readonly owners: Uint32Array
  /** The keys cut into equal parts, about one for each node: the first node that is not before the part; and the end. */
  readonly starts: Uint32Array
}

/** Sorts by counting, since hashed positions fill equal parts of the ring evenly: linear, and it yields `starts`. */
function placed(endpoints: readonly HashedEndpoint[], counts: readonly number[]): Ring {
  const total = counts.reduce((sum, count) => sum + count, 0)
  const parts = 2 ** Math.ceil(Math.log2(total))
  const width = keySpace / parts
  // Two entries ahead at first: filling a part moves its start to its end, which is the start of the next.
  const starts = new Uint32Array(parts + 2)
  for (const [at, { hash }] of endpoints.entries()) {
    for (let node = counts[at] ?? 0; node-- > 0; ) {
      const ahead = Math.floor(positionOf(hash, node) / width) + 2
      starts[ahead] = (starts[ahead] ?? 0) + 1
    }
  }
  for (let part = 1; part < starts.length; part++) starts[part] = (starts[part] ?? 0) + (starts[part - 1] ?? 0)

  const positions = new Float64Array(total)
  const owners = new Uint32Array(total)
  for (const [at, { hash, index }] of endpoints.entries()) {
    for (let node = counts[at] ?? 0; node-- > 0; ) {
      const position = positionOf(hash, node)
      const ahead = Math.floor(position / width) + 1
      let place = starts[ahead] ?? 0
      starts[ahead] = place + 1
      // Stays in its part: what lies before it is smaller, or still 0.
      for (; place > 0 && (positions[place - 1] ?? 0) > position; place--) {
        positions[place] = positions[place - 1] ?? 0
        owners[place] = owners[place - 1] ?? 0
      }
      positions[place] = position
      owners[place] = index
    }
  }
  return { positions, owners, starts: starts.subarray(0, parts + 1) }
}

function positionOf({ high, low }: Hash64, node: number): number {
  return mixed(high, low, 0, node)
}
