import type { Picker } from './picker.ts'

/**
 * Where a round stands. It lives outside the picker so that a picker built for a changed set, or after an activation,
 * goes on from there; several pickers must not share one at the same time.
 */
export interface RoundRobinCounter {
  /** The index that is asked first at the next pick; any integer from 0 up. */
  next: number
}

/**
 * Picks the usable ones in turn: over a stable set each is picked exactly once per round. `count` is how many there are
 * to choose from.
 */
export function roundRobin(count: number, counter: RoundRobinCounter = { next: 0 }): Picker {
  return (_key, usable) => {
    for (let step = 0; step < count; step++) {
      const index = (counter.next + step) % count
      if (!usable(index)) continue
      // From the picked one, not from where the search began: else the one after an unusable one is picked twice as often.
      counter.next = (index + 1) % count
      return index
    }
    return -1
  }
}
