import { common } from '@vrata/model'
import { z } from 'zod'
import { type MiddlewareType, middlewares, middlewareTypes } from './registry.ts'

type Config<T extends MiddlewareType> = (typeof middlewares)[T]['config']
type Common = z.output<z.ZodObject<typeof common>>
type CommonInput = z.input<z.ZodObject<typeof common>>

/** A middleware of one type, with its defaults filled in. */
export type MiddlewareOf<T extends MiddlewareType> = Common & { type: T } & { [Member in T]: z.output<Config<T>> }

/** The settings of a type of middleware, with defaults filled in. */
export type ConfigOf<T extends MiddlewareType> = z.output<Config<T>>

/** A middleware with its defaults filled in: which settings it has follows from `type`. */
export type Middleware = { [T in MiddlewareType]: MiddlewareOf<T> }[MiddlewareType]

/** A middleware as it is sent and stored. The settings of `cors` and `headers` may be left out. */
export type MiddlewareInput = {
  [T in MiddlewareType]: CommonInput & { type: T } & (undefined extends z.input<Config<T>>
      ? { [Member in T]?: z.input<Config<T>> }
      : { [Member in T]: z.input<Config<T>> })
}[MiddlewareType]

const typeNames: ReadonlySet<string> = new Set(middlewareTypes)

function form(type: MiddlewareType) {
  return z.strictObject(
    { ...common, type: z.literal(type).describe('Type of the middleware.'), [type]: described(type) },
    { error: (issue) => strangerText(type, issue) },
  )
}

function described(type: MiddlewareType): z.ZodType {
  const { config } = middlewares[type]
  return config.describe(`Settings of a middleware of type ${type}.`)
}

/** Settings of another type are no misspelling: the sentence says which ones belong here. */
function strangerText(type: MiddlewareType, issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code !== 'unrecognized_keys' || !issue.keys.every((key) => typeNames.has(key))) return undefined
  return `a middleware of type "${type}" has its settings under "${type}" alone`
}

const [first, ...others] = middlewareTypes.map(form)
if (!first) throw new Error('there are no types of middleware')

/**
 * Something that looks at or changes the requests of the routes that name it. Exactly the settings of its `type` belong
 * to it.
 */
// The forms are made from the table, so the compiler sees only their common part; the types above follow the same table.
export const Middleware = z.discriminatedUnion('type', [first, ...others]) as unknown as z.ZodType<
  Middleware,
  MiddlewareInput
>
