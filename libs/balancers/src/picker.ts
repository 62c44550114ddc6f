/**
 * Chooses one of the things it was built over (destinations of a route, endpoints of a destination) by position.
 * Pure: health, load and randomness come in from outside.
 *
 * `key` is the hash of what the choice shall be stable for; pickers that do not hash ignore it. `usable` is asked at
 * most once for each index in one call, because asking may take a permit (a half-open circuit breaker).
 * Answers the index, or -1 when none is usable.
 */
export type Picker = (key: number, usable: (index: number) => boolean) => number

/** A source of randomness: a number in [0, 1), as `Math.random`. Tests hand in a seeded one. */
export type Random = () => number
