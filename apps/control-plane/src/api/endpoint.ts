import type { ErrorCode } from '@vrata/model'
import { type Request, type Response, Router } from 'express'
import { z } from 'zod'
import { ApiError } from './api-error.ts'

/** A JSON Schema, often only a reference made by {@link component}. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** A reference to one of the API document's components. */
export function component(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` }
}

/** One status that an endpoint answers on success. */
export interface Answer {
  readonly description: string
  /** Absent: no body. */
  readonly schema?: JsonSchema
  /** Default `application/json`. */
  readonly type?: string
  /** Response headers worth naming, with their descriptions. */
  readonly headers?: Readonly<Record<string, string>>
}

/** A request header that an endpoint reads. */
export interface HeaderParameter {
  readonly name: string
  readonly description: string
  readonly pattern?: string
}

/** Everything that the API document says of an endpoint. What is written here is what is served. */
export interface Operation {
  readonly id: string
  readonly tag: string
  readonly summary: string
  readonly description?: string
  readonly headers?: readonly HeaderParameter[]
  readonly body?: { readonly schema: JsonSchema; readonly required: boolean }
  readonly answers: Readonly<Record<number, Answer>>
  /** Errors beyond those that any endpoint may answer. */
  readonly errors?: readonly ErrorCode[]
}

/** A request as a handler gets it. */
export interface Call<Query = unknown> {
  readonly req: Request
  readonly res: Response
  readonly query: Query
}

/** One method of one path. */
export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** As the API document spells it: `/api/v1/routes/{id}`. */
  readonly path: string
  readonly operation: Operation
  /** The query parameters it knows; others are refused. */
  readonly query: z.ZodObject
  readonly handle: (req: Request, res: Response) => Promise<void> | void
}

interface Definition<Shape extends z.ZodRawShape> {
  readonly operation: Operation
  readonly query?: Shape
  readonly handle: (call: Call<z.output<z.ZodObject<Shape>>>) => Promise<void> | void
}

/** Describes an endpoint. */
export function endpoint<Shape extends z.ZodRawShape = Record<never, never>>(
  method: Endpoint['method'],
  path: string,
  { operation, query: shape, handle }: Definition<Shape>,
): Endpoint {
  const query = z.strictObject(shape ?? ({} as Shape)) // without a shape it is Record<never, never>
  return { method, path, operation, query, handle: (req, res) => handle({ req, res, query: parseQuery(query, req) }) }
}

/** A router that answers exactly these endpoints: GET also to HEAD, other methods of known paths with 405. */
export function endpointRouter(endpoints: readonly Endpoint[]): Router {
  const router = Router({ strict: true, caseSensitive: true })
  const paths = Map.groupBy(endpoints, (one) => one.path)
  for (const [path, methods] of paths) {
    const byMethod = new Map<string, Endpoint>(methods.map((one) => [one.method, one]))
    const get = byMethod.get('GET')
    if (get) byMethod.set('HEAD', get)
    const allow = [...byMethod.keys()].sort().join(', ')
    router.all(path.replaceAll(/\{(\w+)\}/g, ':$1'), async (req, res) => {
      // An encoded slash would become part of an id; no id holds one.
      if (/%2f/i.test(req.path)) throw new ApiError('not_found', 'resource not found')
      const found = byMethod.get(req.method)
      if (!found) {
        throw new ApiError('method_not_allowed', `${req.method} is not possible here`, { headers: { Allow: allow } })
      }
      await found.handle(req, res)
    })
  }
  return router
}

/** A path parameter, decoded. */
export function pathParameter(req: Request, name: string): string {
  const value = req.params[name]
  return typeof value === 'string' ? value : ''
}

/** A query parameter that is `true` or `false`. Default false. */
export const flag = () =>
  z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true')

function parseQuery<T>(schema: z.ZodType<T> & z.ZodObject, req: Request): T {
  const start = req.url.indexOf('?')
  const given = new URLSearchParams(start < 0 ? '' : req.url.slice(start + 1))
  const values: Record<string, string | string[]> = Object.create(null)
  for (const name of new Set(given.keys())) {
    const all = given.getAll(name)
    const [only = ''] = all
    values[name] = all.length > 1 || takesList(schema.shape[name]) ? all : only
  }
  const parsed = schema.safeParse({ ...values })
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  if (issue?.code === 'unrecognized_keys') {
    throw new ApiError('invalid', `unknown query parameter ${JSON.stringify(issue.keys[0])}`)
  }
  throw new ApiError('invalid', `query parameter ${JSON.stringify(String(issue?.path[0]))}: ${issue?.message}`)
}

function takesList(schema: unknown): boolean {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return takesList(schema.unwrap())
  return schema instanceof z.ZodArray
}
