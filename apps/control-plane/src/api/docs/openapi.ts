import { Middleware } from '@vrata/middlewares'
import { type ErrorCode, errorStatus, jsonSchemas } from '@vrata/model'
import { z } from 'zod'
import { ActivationRequest, SnapshotRequest } from '../../snapshots/snapshot-request.ts'
import { component, type Endpoint, type JsonSchema, type Operation } from '../endpoint.ts'

/** An OpenAPI 3.1 document, as far as the page reads it. */
export interface OpenApi {
  readonly openapi: '3.1.0'
  readonly info: { readonly title: string; readonly version: string; readonly description: string }
  readonly tags: readonly { readonly name: string; readonly description: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> }
}

export interface OpenApiOperation {
  readonly operationId: string
  readonly tags: readonly string[]
  readonly summary: string
  readonly description?: string
  readonly parameters?: readonly OpenApiParameter[]
  readonly requestBody?: {
    readonly required: boolean
    readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>>
  }
  readonly responses: Readonly<Record<string, OpenApiResponse>>
}

export interface OpenApiParameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required: boolean
  readonly description?: string
  readonly schema: JsonSchema
}

export interface OpenApiResponse {
  readonly description: string
  readonly headers?: Readonly<Record<string, { readonly description: string; readonly schema: JsonSchema }>>
  readonly content?: Readonly<Record<string, { readonly schema: JsonSchema }>>
}

const tags = [
  { name: 'listeners', description: 'Sockets that proxies open.' },
  { name: 'destinations', description: 'Where requests are sent.' },
  { name: 'routes', description: 'Which request goes where.' },
  { name: 'groups', description: 'What routes have in common.' },
  { name: 'middlewares', description: 'What happens to a request on its way.' },
  { name: 'secrets', description: 'Values that entities refer to.' },
  { name: 'snapshots', description: 'Immutable versions of everything, one of them active.' },
  { name: 'fleet', description: 'Which proxy runs what.' },
  { name: 'sync', description: 'What proxies ask and report.' },
  { name: 'debug', description: 'For looking inside.' },
  { name: 'process', description: 'The program itself.' },
]

/** Errors that any endpoint may answer. */
const always: readonly ErrorCode[] = ['invalid', 'internal', 'unavailable']

const SecretSummary = z
  .object({
    id: z.string(),
    name: z.string(),
    labels: z.record(z.string(), z.string()).optional(),
    description: z.string().optional(),
    updatedAt: z.string().describe('When it was last written.'),
  })
  .describe('A secret without its value.')

/** The document of exactly these endpoints: paths, parameters and answers come from what serves them. */
export function openApi(endpoints: readonly Endpoint[], version: string): OpenApi {
  const { SecretSummary: summary, ...schemas } = jsonSchemas({
    Middleware,
    SnapshotRequest,
    ActivationRequest,
    SecretSummary,
  })
  const paths: Record<string, Record<string, OpenApiOperation>> = {}
  for (const endpoint of endpoints) {
    paths[endpoint.path] ??= {}
    Object.assign(paths[endpoint.path] ?? {}, { [endpoint.method.toLowerCase()]: describe(endpoint) })
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Vrata control plane',
      version,
      description: 'Every GET also answers HEAD. In requests a member that is null counts as absent.',
    },
    tags,
    paths,
    components: { schemas: { ...schemas, SecretSummary: { ...summary, required: ['id', 'name', 'updatedAt'] } } },
  }
}

function describe({ path, query, operation }: Endpoint): OpenApiOperation {
  const { id, tag, summary, description, body } = operation
  const parameters = [...pathParameters(path), ...queryParameters(query), ...headerParameters(operation)]
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: body.required, content: json(body.schema) } }),
    responses: { ...answers(operation), ...errors(operation) },
  }
}

function pathParameters(path: string): OpenApiParameter[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string', minLength: 1 },
  }))
}

function queryParameters(query: z.ZodObject): OpenApiParameter[] {
  const { properties = {} } = z.toJSONSchema(query, { io: 'input' })
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...schema } = typeof property === 'object' ? property : {}
    const described = description === undefined ? {} : { description }
    return { name, in: 'query', required: false, ...described, schema: { ...schema } }
  })
}

function headerParameters({ headers = [] }: Operation): OpenApiParameter[] {
  return headers.map(({ name, description }) => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string' },
  }))
}

function answers(operation: Operation): Record<string, OpenApiResponse> {
  const described: Record<string, OpenApiResponse> = {}
  for (const [status, { description, schema, type, headers }] of Object.entries(operation.answers)) {
    described[status] = {
      description,
      ...(headers ? { headers: headersOf(headers) } : {}),
      ...(schema ? { content: { [type ?? 'application/json']: { schema } } } : {}),
    }
  }
  return described
}

function errors(operation: Operation): Record<string, OpenApiResponse> {
  const codes = [...new Set([...always, ...(operation.errors ?? [])])]
  const byStatus = Map.groupBy(codes, (code) => errorStatus[code])
  const described = [...byStatus]
    // A status that is an answer of its own, such as a probe's 503, is described there.
    .filter(([status]) => operation.answers[status] === undefined)
    .sort(([a], [b]) => a - b)
    .map(
      ([status, words]) => [status, { description: words.join(', '), content: json(component('ErrorBody')) }] as const,
    )
  return Object.fromEntries(described)
}

function headersOf(headers: Readonly<Record<string, string>>): NonNullable<OpenApiResponse['headers']> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: 'string' } }]),
  )
}

function json(schema: JsonSchema) {
  return { 'application/json': { schema } }
}
