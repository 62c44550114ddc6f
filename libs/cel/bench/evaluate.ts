/**
 * What expressions cost: `node libs/cel/bench/evaluate.ts`. Prints nanoseconds per test of a predicate over one
 * request, per predicate over a request seen for the first time, and microseconds per compilation. Not part of the
 * tests.
 */
import { compilePredicate, type RequestFacts, sampleFacts } from '@vrata/cel'

const rounds = 200_000
const request = {
  path: '/api/v1/users/1234567/orders',
  headers: { 'x-role': 'dev, admin', accept: '*/*' },
  body: { n: 4, list: Array.from({ length: 100 }, (_, id) => ({ id })) },
}
const facts = sampleFacts(request)
const sources = [
  'request.method == "GET"',
  'request.path.startsWith("/api")',
  'request.headers["x-role"] == "admin"',
  '"admin" in request.headers["x-role"]',
  '"x-none" in request.headers && request.headers["x-none"] == "1"',
  'request.headers["x-none"] == "1"',
  'request.path.startsWith("/api") && "admin" in request.headers["x-role"] && request.method != "DELETE"',
  'request.path.matches("^/api/v1/")',
  'request.path.matches("^/api/v1/users/[0-9]+")',
  'request.body.json.n > 3',
  'request.body.json.list.exists(item, item.id == 7)',
  'request.body.json.list.all(item, item.id >= 0)',
]

for (const source of sources) {
  const { test, cost } = compilePredicate(source)
  const time = nanoseconds(rounds, () => tried(() => test(facts)))
  console.log(`${time.toFixed(0).padStart(7)} ns   cost ${String(cost).padStart(4)}   ${source}`)
}

const { test } = compilePredicate('request.path.startsWith("/api") && request.method == "GET"')
const fresh = Array.from({ length: 50_000 }, () => sampleFacts({ path: '/api/x' }))
let next = 0
const first = nanoseconds(fresh.length, () => test(fresh[next++ % fresh.length] as RequestFacts), 0)
console.log(`${first.toFixed(0).padStart(7)} ns   first predicate over a request`)

let made = 0
const compilation = nanoseconds(
  5000,
  () => compilePredicate(`request.path.startsWith("/${made++}") && request.method == "GET"`).readsBody,
)
console.log(`${(compilation / 1000).toFixed(0).padStart(7)} µs   compilation`)

function tried(run: () => boolean): boolean {
  try {
    return run()
  } catch {
    return false
  }
}

function nanoseconds(count: number, run: () => boolean, warmUp = count / 4): number {
  for (let round = 0; round < warmUp; round++) run()
  const started = process.hrtime.bigint()
  for (let round = 0; round < count; round++) run()
  return Number(process.hrtime.bigint() - started) / count
}
