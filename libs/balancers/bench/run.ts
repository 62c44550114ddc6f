/**
 * What a pick costs, and how long the tables of the pickers that hash take to build: `node libs/balancers/bench/run.ts`.
 * Not part of the tests. Prints the best of several rounds, since others may use the machine at the same time.
 */
import { randomBytes } from 'node:crypto'
import {
  hashKey,
  leastRequest,
  maglev,
  type Picker,
  ringHash,
  roundRobin,
  uniformRandom,
  weightedRandom,
  weightedRendezvous,
} from '@vrata/balancers'

const sessions = Array.from({ length: 4096 }, () => randomBytes(16).toString('hex'))
const keys = sessions.map(hashKey)
const counts = [2, 10, 100, 1000]
let sink = 0 // keeps what is measured from being left out

const pickers: readonly [string, (count: number) => Picker][] = [
  ['weighted random', (count) => weightedRandom(new Array<number>(count).fill(1))],
  [
    'weighted rendezvous',
    (count) =>
      weightedRendezvous(
        addresses(count).map((id) => ({ id, weight: 1 })),
        'route',
      ),
  ],
  ['round robin', (count) => roundRobin(count)],
  ['random', (count) => uniformRandom(count)],
  ['least request, 2 choices', (count) => leastRequest(count, (index) => index & 3)],
  ['ring hash', (count) => ringHash(addresses(count), 'destination')],
  ['maglev', (count) => maglev(addresses(count), 'destination')],
]

const builds: readonly [string, (count: number) => Picker][] = [
  ['ring hash', (count) => ringHash(addresses(count), 'destination')],
  ['ring hash, min 256', (count) => ringHash(addresses(count), 'destination', { min: 256, max: 8_388_608 })],
  ['maglev', (count) => maglev(addresses(count), 'destination')],
]

const all = () => true
const thirdDown = (index: number) => index % 3 !== 0

print('hash of 32 characters, ns', [nanoseconds((n) => hashKey(sessions[n] ?? ''))])
print('', counts) // of destinations or endpoints
for (const [name, build] of pickers)
  print(
    `${name}, ns per pick`,
    counts.map((count) => perPick(build(count), all)),
  )
for (const [name, build] of pickers) {
  const figures = counts.map((count) => perPick(build(count), thirdDown))
  print(`${name}, a third down, ns`, figures)
}
for (const [name, build] of builds)
  print(
    `${name}, ms to build`,
    counts.map((count) => milliseconds(() => build(count))),
  )
print(
  'maglev of 5,000,011 slots, ms',
  counts.map((count) => milliseconds(() => maglev(addresses(count), 'd', 5_000_011))),
)
if (sink === 0.5) console.log(sink)

function addresses(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `10.0.${index >> 8}.${index & 0xff}:8080`)
}

function perPick(pick: Picker, usable: (index: number) => boolean): number {
  return nanoseconds((n) => pick(keys[n] ?? 0, usable))
}

/** The best of rounds of about 20 ms. */
function nanoseconds(act: (n: number) => number): number {
  let times = 256
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 15; ) {
    const started = performance.now()
    for (let n = 0; n < times; n++) sink += act(n & 4095)
    const took = performance.now() - started
    if (took < 20) times *= 2
    else {
      best = Math.min(best, (took * 1e6) / times)
      round++
    }
  }
  return best
}

function milliseconds(build: () => unknown): number {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 5; round++) {
    const started = performance.now()
    build()
    best = Math.min(best, performance.now() - started)
  }
  return best
}

function print(name: string, figures: readonly number[]): void {
  console.log(
    name.padEnd(44),
    ...figures.map((figure) => figure.toFixed(figure < 10 && !Number.isInteger(figure) ? 1 : 0).padStart(7)),
  )
}
