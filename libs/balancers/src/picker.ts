/**
 * Chooses one of the things it was built over (destinations of a route, endpoints of a destination) by position.
 * Pure: health, load and randomness come in from outside.
 *
 * `key` is what the choice shall be stable for, as `hashKey` makes it: an integer from 0 to 2^53 - 1. Pickers that do
 * not hash ignore it. `usable` is asked at most once for each index in one call; it must not call the picker. Answers
 * the index, or -1 when none is usable.
 *
 * Those that hash ask in the order of preference and stop at the first yes. So the next choice (for a detour, for a
 * retry elsewhere) is that of a call with the same key and a `usable` that leaves the earlier ones out.
 */
export type Picker = (key: number, usable: (index: number) => boolean) => number

/** A source of randomness: a number in [0, 1), as `Math.random`. Tests hand in a seeded one. */
export type Random = () => number
