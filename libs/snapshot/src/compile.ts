import type { Middleware } from '@vrata/middlewares'
import {
  type Destination,
  hasErrors,
  type Listener,
  type Problem,
  type SnapshotConfig,
  sortProblems,
} from '@vrata/model'
import { type CompiledRoutes, compileRoutesInSlices, type RouteTable } from '@vrata/routing'
import { type Action, compileAction } from './actions.ts'
import { checkFeatures, checkMiddlewareBehaviour } from './checks/features.ts'
import { checkMaterial } from './checks/material.ts'
import { checkNames } from './checks/names.ts'
import { checkOverrides } from './checks/overrides.ts'
import { checkReferences } from './checks/references.ts'
import { checkSockets } from './checks/sockets.ts'
import { checkUnused } from './checks/unused.ts'
import type { CompileMemory } from './compile-memory.ts'
import { type Entities, parseSteps } from './parse.ts'
import { discreet } from './secrets/discretion.ts'
import { type SecretPointer, secretTexts } from './secrets/pointers.ts'
import { atOnce, inSlices, type Slicing, type Steps } from './slices.ts'

/** A snapshot in the form in which it serves requests: immutable, replaced as a whole. */
export interface CompiledSnapshot {
  readonly listeners: ReadonlyMap<string, Listener>
  readonly destinations: ReadonlyMap<string, Destination>
  readonly middlewares: ReadonlyMap<string, Middleware>
  readonly table: RouteTable
  /** By {@link RouteEntry.index}. */
  readonly actions: readonly Action[]
}

/** A compiled snapshot, or none when any problem is an error. Problems are sorted by kind, id and pointer. */
export interface Compilation {
  readonly compiled: CompiledSnapshot | undefined
  readonly problems: readonly Problem[]
}

export interface CompileOptions {
  /** Strings that came from secrets: their content is not quoted in problems. */
  readonly secretPointers?: readonly SecretPointer[]
  /** Further texts that are not to be quoted: the values from which those strings were made. */
  readonly confidential?: Iterable<string>
  /** Also look for what is allowed but probably not meant. Default true; a proxy has nobody to tell it to. */
  readonly warnings?: boolean
  /** Milliseconds since the epoch, for the dates of certificates. Default: now. */
  readonly nowMs?: number
  /** What is kept from snapshot to snapshot. Default: nothing, as with strings that came from secrets. */
  readonly memory?: CompileMemory
}

/**
 * Checks and compiles the five lists of a snapshot, references already filled in: schemas, ids, references, sockets,
 * routes, actions, certificates, and that nothing asks for behaviour that is missing. Used at capture, before an
 * activation, and by proxies, so that all of them refuse the same.
 */
export function compileSnapshot(config: SnapshotConfig, options: CompileOptions = {}): Compilation {
  return atOnce(compileSteps(config, options))
}

/**
 * {@link compileSnapshot} for a process that serves traffic meanwhile: gives way to others every few milliseconds.
 */
export function compileSnapshotInSlices(
  config: SnapshotConfig,
  options: CompileOptions & Slicing,
): Promise<Compilation> {
  return inSlices(compileSteps(config, options), options)
}

/** The work of {@link compileSnapshot}, step by step. */
export function* compileSteps(config: SnapshotConfig, options: CompileOptions): Steps<Compilation> {
  const problems: Problem[] = []
  const { secretPointers = [], confidential = [] } = options
  const { entities, known } = yield* parseSteps(config, secretPointers, problems, options.memory)
  // What is broken is left out from here on; warnings about who uses whom would be wrong without it.
  const warnings = options.warnings !== false && !hasErrors(problems)
  const { used } = yield* checkReferences(entities, known, problems)
  yield* checkOverrides(entities, problems)
  problems.push(...checkSockets(entities.listeners))
  yield* checkMaterial(entities, options.nowMs ?? Date.now(), problems)
  yield* checkFeatures(config, problems)
  yield* checkMiddlewareBehaviour(entities, problems)
  if (warnings) {
    yield* checkNames(config, problems)
    yield* checkUnused(entities, used, problems)
  }
  const compiled = yield* build(entities, warnings, problems, options.memory)
  const texts = new Set([...confidential, ...secretTexts(config, secretPointers)])
  const safe = discreet(problems, secretPointers, texts)
  return { compiled: hasErrors(safe) ? undefined : compiled, problems: sortProblems(safe) }
}

function* build(
  entities: Entities,
  warnings: boolean,
  problems: Problem[],
  memory: CompileMemory | undefined,
): Steps<CompiledSnapshot> {
  const { table, problems: found } = yield* routes(entities, warnings, memory)
  problems.push(...found)
  const destinations = new Map(entities.destinations.map((destination) => [destination.id, destination]))
  const actions: Action[] = []
  for (const entry of table.entries) {
    const action = compileAction(entry, destinations)
    if (action) actions[entry.index] = action
    yield
  }
  return {
    listeners: new Map(entities.listeners.map((listener) => [listener.id, listener])),
    destinations,
    middlewares: new Map(entities.middlewares.map((middleware) => [middleware.id, middleware])),
    table,
    actions,
  }
}

function* routes(entities: Entities, warnings: boolean, memory: CompileMemory | undefined): Steps<CompiledRoutes> {
  const slices = compileRoutesInSlices(
    entities,
    memory === undefined ? { warnings } : { warnings, memory: memory.routes },
  )
  for (let step = slices.next(); ; step = slices.next()) {
    if (step.done) return step.value
    yield
  }
}
