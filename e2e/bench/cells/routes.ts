import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { RouteInput } from '@vrata/model'
import {
  type ControlPlaneProgram,
  freePort,
  type LogLine,
  Program,
  type ProxyProgram,
  type Scope,
  startControlPlane,
  startProxy,
} from '@vrata/testkit'
import { gapCommand } from '../load/own-loads.ts'
import { pinnedTo } from '../machine/cores.ts'
import { type Spread, spreadOf } from '../report/statistics.ts'
import { short, whole } from '../report/table.ts'
import type { Cell, Lab } from './cell.ts'
import { withPrograms } from './sampling.ts'
import { wrk } from './throughput.ts'

/** Routes of the large table, and of the one that it is compared with. */
const many = 10_000
const few = 10

/** Routes that differ from one activation to the next, once the first is over. */
const changed = 5

/** Activations of each kind for each round that was asked for: pauses are a matter of luck. */
const activationsPerRound = 2

/** What one activation did to a proxy that serves. All in milliseconds. */
interface Activated {
  /** From the whole document to the swap, as the proxy logs it. */
  readonly apply: number
  /** The longest time that a client waited for an answer meanwhile. */
  readonly longest: number
  /** That of half of all answers. */
  readonly usual: number
  /** The longest time between two turns of a timer of 10 ms in the proxy, those 10 ms included. */
  readonly loop: number
}

/** What ten thousand routes cost: to be activated, and for every request afterwards. */
export const routes: Cell = {
  name: 'routes',
  title: 'Ten thousand routes',
  about:
    `A snapshot of ${many.toLocaleString('en-US')} routes is activated while a client asks a fixed answer every millisecond. All at once: ` +
    `the proxy ran ${few} routes before and knows none of the new ones. A few of them: ${changed} routes are different from before. ` +
    'In between nothing is activated, for as long: what the machine does to clients by itself. The longest turn is that of the event ' +
    'loop of the proxy, seen by a timer of 10 ms, which are part of it. Requests per second are those of fixed answers, for paths of ' +
    'all routes in turn.',
  async run(lab) {
    const remarks: string[] = []
    const measured = await withPrograms(remarks, (scope) => measure(scope, lab))
    const { all, some, idle, rates } = measured
    return {
      table: {
        columns: [
          'activated',
          'apply ms',
          'highest',
          'longest answer ms',
          'highest',
          'usual',
          'longest turn ms',
          'highest',
        ],
        rows: [row('all at once', all), row('a few of them', some), row('nothing', idle)],
      },
      remarks: [
        `${whole(rates.many.median)} requests per second with ${whole(many)} routes, ${whole(rates.few.median)} with ${few}.`,
        ...remarks,
      ],
      figures: [
        { name: 'routes: compile ms', ...spreadOf(all.map(({ apply }) => apply)) },
        { name: 'routes: pause ms', ...spreadOf(all.map(pauseOf)) },
        { name: 'routes: pause ms, a few changed', ...spreadOf(some.map(pauseOf)) },
      ],
      raw: measured,
    }
  },
}

/** What a client waits longer than usual. */
function pauseOf({ longest, usual }: Activated): number {
  return longest - usual
}

function row(name: string, activations: readonly Activated[]): string[] {
  const of = (value: (one: Activated) => number): Spread => spreadOf(activations.map(value))
  const both = ({ median, high }: Spread): string[] => [short(median), short(high)]
  return [
    name,
    ...both(of(({ apply }) => apply)),
    ...both(of(({ longest }) => longest)),
    short(of(({ usual }) => usual).median),
    ...both(of(({ loop }) => loop)),
  ]
}

interface Measured {
  readonly all: readonly Activated[]
  readonly some: readonly Activated[]
  readonly idle: readonly Activated[]
  readonly rates: { readonly few: Spread; readonly many: Spread }
}

async function measure(scope: Scope, lab: Lab): Promise<Measured> {
  const site = await start(scope, lab)
  const small = await capture(site, few, 'few')
  await activate(site, small)
  const rateOfFew = await rate(lab, site.port, few)
  const large = await capture(site, many, 'many')
  const variants = [await variant(site, 'one'), await variant(site, 'two')]

  const probe = new Program(scope, {
    name: 'probe',
    command: [...pinnedTo(lab.cores.load), ...gapCommand({ port: site.port, path: '/version' })],
  })
  probe.start()
  await probe.waitForLog('its first line', ({ msg }) => msg === 'asked')
  const observed = (during: () => Promise<LogLine | undefined>): Promise<Activated> =>
    observe(site.proxy, probe, during)
  const all: Activated[] = []
  const some: Activated[] = []
  const idle: Activated[] = []
  for (let turn = 0; turn < lab.options.rounds * activationsPerRound; turn++) {
    lab.interrupted.throwIfAborted()
    all.push(await observed(() => activate(site, large)))
    for (const id of variants) some.push(await observed(() => activate(site, id)))
    idle.push(await observed(() => wait(1_000, undefined)))
    lab.say(`turn ${turn + 1}: ${JSON.stringify([all, some, idle].map((list) => list.at(-1)))}`)
    await activate(site, small)
  }
  await probe.kill()
  await activate(site, large)
  return { all, some, idle, rates: { few: rateOfFew, many: await rate(lab, site.port, many) } }
}

interface Site {
  readonly plane: ControlPlaneProgram
  readonly proxy: ProxyProgram
  readonly port: number
}

async function start(scope: Scope, { cores }: Lab): Promise<Site> {
  const plane = await startControlPlane(scope, { bundled: true, under: pinnedTo(cores.load) })
  const proxy = await startProxy(scope, { bundled: true, controlPlane: plane.url, under: pinnedTo(cores.system) })
  const port = await freePort()
  const { client } = plane
  await client.listeners.put('front', { name: 'front', address: '127.0.0.1', port })
  await client.destinations.put('backend', { name: 'backend', host: '127.0.0.1', port: 9 })
  await putVersion(plane, '0')
  return { plane, proxy, port }
}

/** The answer that the client waits for, and that shows which snapshot runs. */
async function putVersion({ client }: ControlPlaneProgram, body: string): Promise<void> {
  await client.routes.put('version', {
    name: 'version',
    match: { path: '/version' },
    directResponse: { status: 200, body },
  })
}

/** Stages routes up to `count`, of which `from` are there already, and gives the id of their snapshot. */
async function capture({ plane }: Site, count: number, name: string): Promise<string> {
  const { client } = plane
  const there = (await client.routes.list()).length - 1
  for (let index = there; index < count; index++) await client.routes.put(`route-${index}`, routeOf(index))
  return (await client.snapshots.capture(name)).id
}

/** A snapshot in which a few of the many routes answer something else. */
async function variant({ plane }: Site, name: string): Promise<string> {
  await putVersion(plane, name)
  for (let n = 1; n < changed; n++) {
    const index = n * 1_999
    await plane.client.routes.put(`route-${index}`, { ...routeOf(index), name: `${name} ${n}` })
  }
  return (await plane.client.snapshots.capture(name)).id
}

const services = ['users', 'orders', 'invoices', 'catalog', 'search', 'payments', 'carts', 'media', 'auth', 'reports']

/** Ten services, each with numbered resources: what the paths of a large API look like. */
function pathOf(index: number): string {
  return `/api/v${index % 3}/${services[index % 10]}/r${Math.floor(index / 10)}`
}

/**
 * Of ten routes: seven prefixes, two exact paths, one expression; methods, headers and query here and there. Half of
 * them forward. What `rate` asks for is always a prefix without further conditions that answers by itself.
 */
function routeOf(index: number): Omit<RouteInput, 'id'> {
  const path = pathOf(index)
  const kind = index % 10
  const match =
    kind === 4 ? { pathRegex: `${path}/[0-9]+` } : kind === 2 || kind === 6 ? { path } : { pathPrefix: path }
  const conditions = {
    ...(index % 7 === 0 ? { methods: ['GET', 'POST'] } : {}),
    ...(index % 5 === 0 ? { headers: [{ name: 'x-version', value: '2' }] } : {}),
    ...(index % 13 === 0 ? { queryParams: [{ name: 'page' }] } : {}),
  }
  const action =
    index % 2 === 0
      ? { forward: { destinations: [{ destinationId: 'backend', weight: 100 }] } }
      : { directResponse: { status: 200, body: 'hello' } }
  return { name: `route ${index}`, match: { ...match, ...conditions }, ...action }
}

/** Requests per second over the paths of routes that answer by themselves. */
async function rate(lab: Lab, port: number, count: number): Promise<Spread> {
  const script = join(lab.folder, `paths-of-${count}.lua`)
  const paths = Array.from({ length: 500 }, (_, n) => Math.floor((n * count) / 500))
    .map((index) => index - (index % 10) + (index % 20 < 10 ? 3 : 9)) // prefixes that answer by themselves
    .map((index) => `${pathOf(Math.min(index, count - 1))}/items/42?page=3`)
  await writeFile(
    script,
    `local paths = { ${paths.map((path) => JSON.stringify(path)).join(', ')} }
local n = 0
local requests = {}
init = function() for i, path in ipairs(paths) do requests[i] = wrk.format("GET", path, { ["x-version"] = "2" }) end end
request = function() n = n % #requests + 1 return requests[n] end
`,
  )
  const rates: number[] = []
  for (let round = 0; round <= lab.options.rounds; round++) {
    const { rate: found, errors } = await wrk(lab, {
      url: `http://127.0.0.1:${port}/`,
      seconds: round === 0 ? Math.min(2, lab.options.seconds) : lab.options.seconds,
      script,
    })
    if (errors > 0) throw new Error(`${errors} wrong answers with ${count} routes`)
    if (round > 0) rates.push(found) // the first is for the compiler to warm up
  }
  return spreadOf(rates)
}

/** Activates a snapshot; the log line in which the proxy says that it runs it. */
async function activate({ plane, proxy }: Site, id: string): Promise<LogLine> {
  const applied = proxy.program.nextLog(id, (line) => line.msg === 'snapshot applied' && line['snapshotId'] === id)
  await plane.client.snapshots.activate(id)
  return applied
}

/** How long after an activation something of it may still be done. */
const settle = 700

async function observe(
  proxy: ProxyProgram,
  probe: Program,
  during: () => Promise<LogLine | undefined>,
): Promise<Activated> {
  await wait(settle)
  await longestTurn(proxy) // begins anew
  const from = Date.now()
  const line = await during()
  await wait(settle)
  const until = Date.now()
  const loop = await longestTurn(proxy)
  await probe.nextLog('what came until now', ({ msg, to }) => msg === 'asked' && Number(to) >= until)
  const windows = probe.logs.filter(({ from: begun, to }) => Number(to) >= from && Number(begun) <= until)
  return {
    apply: Number(line?.['applyMs'] ?? 0),
    longest: Math.max(...windows.map(({ longest }) => Number(longest))),
    usual: spreadOf(windows.map(({ usual }) => Number(usual))).median,
    loop,
  }
}

/** Milliseconds of the longest turn of the proxy's loop since this was asked for the last time. */
async function longestTurn({ adminUrl }: ProxyProgram): Promise<number> {
  const text = await (await fetch(`${adminUrl}/metrics`)).text()
  const seconds = /^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(text)?.[1]
  if (seconds === undefined) throw new Error('the proxy tells nothing about its loop')
  return Number(seconds) * 1_000
}
