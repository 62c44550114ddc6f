import type { Picker, Random } from './picker.ts'

/**
 * The power of several choices: draws `choiceCount` different usable ones and picks the one with the least load; among
 * equals each has the same chance. A slow endpoint keeps its requests longer and so is picked less often, without all
 * traffic running to whoever is idle at the moment.
 *
 * `load` answers how many requests an index has in flight; whoever sends a request counts it up and down. `count` is
 * how many there are to choose from; with fewer usable ones than `choiceCount` all of them are compared.
 *
 * Throws RangeError when `choiceCount` is not an integer from 1 up.
 */
export function leastRequest(
  count: number,
  load: (index: number) => number,
  choiceCount = 2,
  random: Random = Math.random,
): Picker {
  if (!Number.isInteger(choiceCount) || choiceCount < 1) {
    throw new RangeError(`choiceCount ${choiceCount} is not an integer from 1 up`)
  }
  // Each pick shuffles as much of it as it draws. It stays in the order it was left in: any order is as good to start.
  const order = Uint32Array.from({ length: count }, (_, index) => index)
  return (_key, usable) => {
    let picked = -1
    let least = Number.POSITIVE_INFINITY
    let found = 0
    for (let drawn = 0; drawn < count && found < choiceCount; drawn++) {
      const at = drawn + Math.min(count - drawn - 1, Math.floor(random() * (count - drawn)))
      const index = order[at] ?? 0
      order[at] = order[drawn] ?? 0
      order[drawn] = index
      if (!usable(index)) continue
      found++
      const itsLoad = load(index)
      // Of equals the first drawn stays. Since the order is random, that favours none.
      if (picked === -1 || itsLoad < least) {
        picked = index
        least = itsLoad
      }
    }
    return picked
  }
}
