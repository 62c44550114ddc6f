/**
 * What route tables cost: `node --expose-gc libs/routing/bench/run.ts [name of a shape]`. For each shape of
 * configuration and number of routes: time to compile, longest pause when compiling in slices of 5 ms, memory per
 * route beyond the configuration itself, time of a match, and memory allocated by a match. Times are those of this
 * thread on the processor, so that other programs on the machine count for little; pauses include garbage collection.
 */
import { Listener } from '@vrata/model'
import { compileRoutes, compileRoutesInSlices, type RouteTable, type RoutingConfig } from '@vrata/routing'
import { type Shape, shapes } from './tables.ts'

const sizes = [10, 1000, 10_000]
const sliceMs = 5

/** Milliseconds that this thread has computed. */
function now(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

function collectGarbage(): void {
  if (globalThis.gc === undefined) throw new Error('run with --expose-gc')
  globalThis.gc()
  globalThis.gc()
}

function heapUsed(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

function compileTime(one: RoutingConfig, warnings: boolean): number {
  const times = Array.from({ length: 5 }, () => {
    const start = now()
    compileRoutes(one, { warnings })
    return now() - start
  })
  return Math.min(...times)
}

/** The best of some tries: what the code itself needs. */
function longestPause(one: RoutingConfig): number {
  return Math.min(...Array.from({ length: 5 }, () => longestPauseOnce(one)))
}

function longestPauseOnce(one: RoutingConfig): number {
  const slices = compileRoutesInSlices(one, { warnings: false })
  let longest = 0
  for (let done = false; !done; ) {
    const start = now()
    while (!done && now() - start < sliceMs) done = slices.next().done === true
    longest = Math.max(longest, now() - start)
  }
  return longest
}

/** Microseconds and allocated bytes of a match, over requests for many different routes. */
function matchCost(table: RouteTable, shape: Shape, count: number): { us: number; bytes: number; found: number } {
  const wanted = 2000 // whatever the size of the table, so that the requests themselves cost the same
  const requests = Array.from({ length: wanted }, (_, n) => shape.request(Math.floor((n * count) / wanted), count))
  const round = () => requests.reduce((sum, one) => sum + (table.match(one, 'l1') === undefined ? 0 : 1), 0)
  const rounds = Math.ceil(1_000_000 / wanted)
  for (let n = 0; n < rounds; n++) round()
  const heap = heapUsed()
  let best = Number.POSITIVE_INFINITY
  let bytes = 0
  for (let repeat = 0; repeat < 5; repeat++) {
    const start = now()
    for (let n = 0; n < rounds; n++) round()
    best = Math.min(best, ((now() - start) * 1000) / (rounds * wanted))
    if (repeat === 0) bytes = (process.memoryUsage().heapUsed - heap) / (rounds * wanted)
  }
  return { us: best, bytes, found: round() / wanted }
}

function measure(shape: Shape, count: number) {
  const routes = Array.from({ length: count }, (_, index) => shape.route(index, count))
  const one = { listeners: [Listener.parse({ id: 'l1', port: 8080 })], routes, groups: [] }
  const cold = now()
  compileRoutes(one, { warnings: false })
  const first = now() - cold
  const before = heapUsed()
  const { table } = compileRoutes(one, { warnings: false })
  const perRoute = (heapUsed() - before) / count
  const { us, bytes, found } = matchCost(table, shape, count)
  return {
    shape: shape.name,
    routes: count,
    'first ms': Number(first.toFixed(1)),
    'compile ms': Number(compileTime(one, false).toFixed(1)),
    'with warnings ms': Number(compileTime(one, true).toFixed(1)),
    'pause ms': Number(longestPause(one).toFixed(1)),
    'bytes a route': Math.round(perRoute),
    'match us': Number(us.toFixed(3)),
    'bytes a match': Math.round(bytes),
    'found %': Math.round(found * 100),
  }
}

const only = process.argv[2]
const chosen = shapes.filter(({ name }) => only === undefined || name.includes(only))
console.table(chosen.flatMap((shape) => sizes.map((count) => measure(shape, count))))
