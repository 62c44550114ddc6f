import { Middleware } from '@vrata/middlewares'
import { Destination, type EntityKind, Group, Listener, plural, Route, Secret } from '@vrata/model'
import type { z } from 'zod'

/** A JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>

/** What tells one kind of entity from another, for those who store and answer them. */
export interface Kind {
  readonly kind: EntityKind
  /** Last segment of the collection's path. */
  readonly collection: string
  readonly schema: z.ZodType
  /** The sentence for an id that is not there. */
  readonly missing: (id: string) => string
  /** What lists and writes answer. */
  readonly view: (entity: JsonObject, updatedAt: string) => JsonObject
}

const notFound = (word: string) => (id: string) => `${word} "${id}": resource not found`
const whole = (entity: JsonObject) => entity

/** All kinds, in the order of configuration documents. */
export const kinds: readonly Kind[] = [
  entry('listener', Listener),
  entry('destination', Destination),
  entry('route', Route),
  entry('group', Group),
  // Clients know this kind by the word "filter" in this one sentence.
  { ...entry('middleware', Middleware), missing: notFound('filter') },
  // Only asking for one secret by its id shows the value.
  { ...entry('secret', Secret), missing: () => 'secret not found', view: withoutValue },
]

function entry(kind: EntityKind, schema: z.ZodType): Kind {
  return { kind, collection: plural[kind], schema, missing: notFound(kind), view: whole }
}

function withoutValue(entity: JsonObject, updatedAt: string): JsonObject {
  const { value: _, ...summary } = entity
  return { ...summary, updatedAt }
}
