export type { Picker, Random } from './picker.ts'
export { uniformRandom } from './random.ts'
export { type RoundRobinCounter, roundRobin } from './round-robin.ts'
export { weightedRandom } from './weighted-random.ts'
