import { maxProblems, type Problem } from '@vrata/model'
import { nearest, pointer } from '@vrata/notation'
import { refOf, type SnapshotKind } from '../kinds.ts'
import type { Entities, KnownIds } from '../parse.ts'
import type { Steps } from '../slices.ts'

/** One entity naming another. */
export interface Reference {
  readonly from: { readonly kind: SnapshotKind; readonly id: string; readonly name: string }
  /** Members and positions that lead to the id. */
  readonly path: readonly (string | number)[]
  readonly to: SnapshotKind
  readonly id: string
}

/** All places of a snapshot where an entity names another by its id. */
export function* referencesOf(entities: Entities): Generator<Reference> {
  for (const route of entities.routes) {
    const from = { kind: 'route', id: route.id, name: route.name } as const
    for (const [index, { destinationId }] of (route.forward?.destinations ?? []).entries()) {
      const path = ['forward', 'destinations', index, 'destinationId']
      yield { from, path, to: 'destination', id: destinationId }
    }
    const mirror = route.forward?.mirror
    if (mirror)
      yield { from, path: ['forward', 'mirror', 'destinationId'], to: 'destination', id: mirror.destinationId }
    yield* listed(from, 'middlewareIds', 'middleware', route.middlewareIds)
    yield* listed(from, 'listenerIds', 'listener', route.listenerIds ?? [])
  }
  for (const group of entities.groups) {
    const from = { kind: 'group', id: group.id, name: group.name } as const
    yield* listed(from, 'routeIds', 'route', group.routeIds)
    yield* listed(from, 'middlewareIds', 'middleware', group.middlewareIds)
    yield* listed(from, 'listenerIds', 'listener', group.listenerIds ?? [])
  }
  for (const middleware of entities.middlewares) {
    const from = { kind: 'middleware', id: middleware.id, name: middleware.name } as const
    yield* destinationsNamed(from, middleware, [])
  }
}

function* listed(
  from: Reference['from'],
  member: string,
  to: SnapshotKind,
  ids: readonly string[],
): Generator<Reference> {
  for (const [index, id] of ids.entries()) yield { from, path: [member, index], to, id }
}

/** Settings of middlewares name destinations in members called `destinationId` or ending in `DestinationId`. */
function* destinationsNamed(from: Reference['from'], value: object, path: readonly string[]): Generator<Reference> {
  for (const [key, member] of Object.entries(value)) {
    const here = [...path, key]
    if (typeof member === 'string') {
      if (/(?:^d|D)estinationId$/.test(key)) yield { from, path: here, to: 'destination', id: member }
    } else if (typeof member === 'object' && member !== null) yield* destinationsNamed(from, member, here)
  }
}

/** What the references of a snapshot say: problems, and who is used by anybody. */
export interface ReferenceFindings {
  /** `kind/id` of every entity that another one names. */
  readonly used: ReadonlySet<string>
}

/** A reference to what does not exist is an error (`reference.missing`). */
export function* checkReferences(entities: Entities, known: KnownIds, problems: Problem[]): Steps<ReferenceFindings> {
  const used = new Set<string>()
  for (const reference of referencesOf(entities)) {
    yield
    used.add(`${reference.to}/${reference.id}`)
    if (known[reference.to].has(reference.id)) continue
    // Comparing with every id is slow; nobody reads that many suggestions.
    const suggestion = problems.length < maxProblems ? nearest(reference.id, known[reference.to]) : undefined
    problems.push({
      entity: refOf(reference.from.kind, reference.from),
      pointer: pointer(...reference.path),
      message: `${reference.to} ${JSON.stringify(reference.id)} does not exist`,
      ...(suggestion === undefined ? {} : { suggestion }),
      severity: 'error',
      code: 'reference.missing',
    })
  }
  return { used }
}
