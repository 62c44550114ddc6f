import type { Group, Listener, Problem, Route } from '@vrata/model'
import { composeEntry, type EntryDraft, type Membership } from './compose.ts'
import { Findings } from './findings.ts'
import { HostIndex } from './host-index.ts'
import { type Candidate, compareCandidates } from './order.ts'
import { PartCompiler } from './parts.ts'
import { RouteMemory, type RouteRecall } from './route-memory.ts'
import { warnAboutShadows } from './shadows.ts'
import { type PlacedSlot, slotOf } from './slot.ts'
import { sortInSlices } from './sort-in-slices.ts'
import { type RouteTable, routeTable } from './table.ts'
import { warnAboutGroup, warnAboutListeners, warnAboutRoute } from './warnings.ts'

/** The parts of a snapshot that routing is about; checked against their schemas before. */
export interface RoutingConfig {
  readonly listeners: readonly Listener[]
  readonly routes: readonly Route[]
  readonly groups: readonly Group[]
}

/** A table, and everything that was found wrong or suspicious on the way. */
export interface CompiledRoutes {
  /** Without what is broken; who gets an error among the problems refuses the whole. */
  readonly table: RouteTable
  readonly problems: Problem[]
}

/** What is left out by a caller that wants the table alone. */
export interface CompileOptions {
  /** Look for shadowed routes and other things that are allowed but probably not meant. Default true. */
  readonly warnings?: boolean
  /** What the compilation before has made of the same objects. Default: nothing. */
  readonly memory?: RouteMemory
}

/**
 * Compiles routes and groups into a table, at once: the same code at capture, where problems refuse a snapshot, and in
 * a proxy. Ids that lead nowhere are not reported here (references are checked as a whole elsewhere): an unknown route
 * is passed over, an unknown listener never matches.
 */
export function compileRoutes(config: RoutingConfig, options: CompileOptions = {}): CompiledRoutes {
  const slices = compileRoutesInSlices(config, options)
  for (;;) {
    const step = slices.next()
    if (step.done) return step.value
  }
}

/**
 * Does what {@link compileRoutes} does and stops after every small piece of work, so that a process that serves traffic
 * meanwhile can return to it between two pieces. Pieces take from a microsecond to a few milliseconds (one expression);
 * callers look at a clock and go on until their share of time is used up.
 */
export function* compileRoutesInSlices(
  config: RoutingConfig,
  { warnings = true, memory = new RouteMemory() }: CompileOptions = {},
): Generator<undefined, CompiledRoutes, undefined> {
  const findings = new Findings()
  const compiler = new PartCompiler(findings)
  const recall = memory.begin()
  const memberships = yield* collectMemberships(config, compiler, recall, warnings)
  const drafts: EntryDraft[] = []
  for (const route of config.routes) {
    yield
    const own = memberships.get(route.id) ?? []
    if (warnings) warnAboutRoute(route, own, config.groups.length > 0, findings)
    const part = recall.part(route, () => compiler.route(route))
    if (part === undefined) continue
    for (const membership of own.length === 0 ? [undefined] : own) {
      const compose = () => composeEntry(route, part, membership, compiler)
      const draft = recall.entry(route, membership?.group, compose)
      if (draft !== undefined) drafts.push(draft)
      yield
    }
  }
  recall.end()
  const candidates: Candidate[] = drafts.flatMap((entry) => entry.hosts.map((host) => ({ entry, host })))
  const ordered = yield* sortInSlices(candidates, compareCandidates)
  const entries = numbered(ordered, drafts)
  const { index, placed } = yield* buildIndex(ordered)
  if (warnings) {
    warnAboutListeners(config.listeners, entries, findings)
    yield* warnAboutShadows(placed, index, findings)
  }
  return { table: routeTable(entries, index), problems: findings.problems }
}

/** By route id, the groups that list the route. */
function* collectMemberships(
  { groups, routes }: RoutingConfig,
  compiler: PartCompiler,
  recall: RouteRecall,
  warnings: boolean,
): Generator<undefined, Map<string, Membership[]>, undefined> {
  const byId = new Map(routes.map((route) => [route.id, route]))
  const memberships = new Map<string, Membership[]>()
  for (const group of groups) {
    yield
    const part = recall.part(group, () => compiler.group(group))
    const positions = new Map<string, number>()
    for (const [position, id] of group.routeIds.entries()) if (!positions.has(id)) positions.set(id, position)
    for (const [id, position] of positions) {
      const known = memberships.get(id)
      if (known === undefined) memberships.set(id, [{ group, part, position }])
      else known.push({ group, part, position })
    }
    if (!warnings) continue
    const members = [...positions.keys()].flatMap((id) => byId.get(id) ?? [])
    warnAboutGroup(group, members, compiler.findings)
  }
  return memberships
}

/** The entries in the order of their best candidates, each told its place. */
function numbered(ordered: readonly Candidate[], drafts: readonly EntryDraft[]): readonly EntryDraft[] {
  const places = new Map<unknown, number>()
  for (const { entry } of ordered) if (!places.has(entry)) places.set(entry, places.size)
  const entries: EntryDraft[] = []
  for (const draft of drafts) {
    const place = places.get(draft) ?? -1
    draft.index = place
    entries[place] = draft
  }
  return entries
}

function* buildIndex(
  ordered: readonly Candidate[],
): Generator<undefined, { index: HostIndex; placed: readonly PlacedSlot[] }, undefined> {
  const index = new HostIndex()
  const placed: PlacedSlot[] = []
  for (const [rank, { entry, host }] of ordered.entries()) {
    const one = { slot: slotOf(rank, entry), entry, host }
    placed.push(one)
    index.add(one)
    if (rank % 64 === 0) yield
  }
  yield* index.freeze()
  return { index, placed }
}
