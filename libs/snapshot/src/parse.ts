import { Middleware } from '@vrata/middlewares'
import { checkEntity, Destination, Group, Listener, type Problem, Route, type SnapshotConfig } from '@vrata/model'
import type { z } from 'zod'
import type { CompileMemory } from './compile-memory.ts'
import { lists, refOf, type SnapshotKind, type StoredEntity } from './kinds.ts'
import { pointersByEntity, type SecretPointer } from './secrets/pointers.ts'
import type { Steps } from './slices.ts'

/** The entities of a snapshot with their defaults filled in. */
export interface Entities {
  readonly listeners: readonly Listener[]
  readonly destinations: readonly Destination[]
  readonly routes: readonly Route[]
  readonly groups: readonly Group[]
  readonly middlewares: readonly Middleware[]
}

/** Entities by kind and id, good and broken ones: what exists, whatever else is wrong with it. */
export type KnownIds = Readonly<Record<SnapshotKind, ReadonlySet<string>>>

/** What became of the lists of a snapshot. Broken entities are in `known` alone. */
export interface ParsedSnapshot {
  readonly entities: Entities
  readonly known: KnownIds
}

/**
 * Checks every entity against its schema once more, now that no string is a reference any longer, and that no two of a
 * kind share an id. `pointers` names the strings whose content must not be quoted in messages; what `memory` knows is
 * taken over.
 */
export function* parseSteps(
  config: SnapshotConfig,
  pointers: readonly SecretPointer[],
  problems: Problem[],
  memory: CompileMemory | undefined,
): Steps<ParsedSnapshot> {
  const secrets = pointersByEntity(pointers)
  const recall = memory?.begin()
  function* parse<S extends z.ZodType>(kind: SnapshotKind, schema: S): Steps<Parsed<z.output<S>>> {
    const good: z.output<S>[] = []
    const ids = new Set<string>()
    for (const entity of config[lists[kind]]) {
      if (ids.has(entity.id)) problems.push(repeated(kind, entity))
      ids.add(entity.id)
      const known = recall?.value(kind, entity)
      if (known !== undefined) {
        good.push(known as z.output<S>) // made by the schema of this kind
        yield
        continue
      }
      const isSecret = below(secrets.get(`${kind}/${entity.id}`))
      const checked = checkEntity(schema, entity, refOf(kind, entity), { references: 'resolved', ...isSecret })
      problems.push(...checked.problems)
      if (checked.value !== undefined) {
        good.push(checked.value)
        recall?.keep(kind, entity, checked.value)
      }
      yield
    }
    return { good, ids }
  }
  const listener = yield* parse('listener', Listener)
  const destination = yield* parse('destination', Destination)
  const route = yield* parse('route', Route)
  const group = yield* parse('group', Group)
  const middleware = yield* parse('middleware', Middleware)
  recall?.end()
  return {
    entities: {
      listeners: listener.good,
      destinations: destination.good,
      routes: route.good,
      groups: group.good,
      middlewares: middleware.good,
    },
    known: {
      listener: listener.ids,
      destination: destination.ids,
      route: route.ids,
      group: group.ids,
      middleware: middleware.ids,
    },
  }
}

interface Parsed<T> {
  readonly good: readonly T[]
  readonly ids: ReadonlySet<string>
}

function repeated(kind: SnapshotKind, entity: StoredEntity): Problem {
  return {
    entity: refOf(kind, entity),
    pointer: '/id',
    message: `the id ${JSON.stringify(entity.id)} is used by two ${lists[kind]}`,
    severity: 'error',
    code: 'id.duplicate',
  }
}

function below(places: readonly SecretPointer[] | undefined): { isSecret?: (pointer: string) => boolean } {
  if (places === undefined) return {}
  const secret = places.map((place) => place.pointer)
  return {
    isSecret: (pointer) =>
      secret.some((place) => place === pointer || place.startsWith(`${pointer}/`) || pointer === ''),
  }
}
