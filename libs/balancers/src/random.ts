import type { Picker, Random } from './picker.ts'

/** Picks one of the usable ones, each with the same chance. `count` is how many there are to choose from. */
export function uniformRandom(count: number, random: Random = Math.random): Picker {
  const candidates = new Int32Array(count) // kept to spare an allocation per pick
  return (_key, usable) => {
    let found = 0
    for (let index = 0; index < count; index++) {
      if (usable(index)) candidates[found++] = index
    }
    if (found === 0) return -1
    return candidates[Math.min(found - 1, Math.floor(random() * found))] ?? -1
  }
}
