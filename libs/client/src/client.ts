import type {
  DestinationInput,
  ExplainRequestInput,
  Explanation,
  Fleet,
  GroupInput,
  ListenerInput,
  MiddlewareInput,
  RouteInput,
  SecretInput,
  SnapshotDocument,
  SnapshotSummary,
} from '@vrata/model'
import { ApiError } from './errors.ts'
import { type ClientOptions, type Send, transport } from './transport.ts'

/** An entity as it may be sent: the control plane makes an id for one that has none. */
export type Draft<T> = T extends unknown ? Omit<T, 'id'> & { readonly id?: string } : never

/** What is ever said about a secret unless it is asked for by id. */
export interface SecretSummary {
  readonly id: string
  readonly name: string
}

/** CRUD of one kind. `Out` is what comes back from a write and stands in lists, `Full` what `get` gives. */
export interface Collection<In, Out = In, Full = Out> {
  list(): Promise<Out[]>
  get(id: string): Promise<Full>
  /** Creates; an id that exists is an `ApiError` with code `id_exists`. Without an id the control plane makes one. */
  create(entity: Draft<In>): Promise<Out>
  /** Replaces the whole entity; `not_found` when there is none. */
  replace(id: string, entity: Draft<In>): Promise<Out>
  /** Replaces the entity, or creates it under this id when there is none. */
  put(id: string, entity: Draft<In>): Promise<Out>
  delete(id: string): Promise<void>
}

/** What a snapshot may be given besides its name. */
export interface CaptureOptions {
  readonly description?: string
  readonly labels?: Readonly<Record<string, string>>
}

/** Versions of the configuration. */
export interface Snapshots {
  /** Newest first. */
  list(): Promise<SnapshotSummary[]>
  /** Captures what is staged; `capture_refused` with all problems when it could not work. */
  capture(name: string, options?: CaptureOptions): Promise<SnapshotDocument>
  get(id: string): Promise<SnapshotDocument>
  /** Makes the proxies run this snapshot; activating an older one is the rollback. */
  activate(id: string): Promise<SnapshotSummary>
  /** The active one is refused (`snapshot_active`) without `force`. */
  delete(id: string, options?: { readonly force?: boolean }): Promise<void>
}

/** Typed access to a control plane. Every method rejects with `ApiError` or `NoAnswerError`. */
export interface Client {
  readonly listeners: Collection<ListenerInput>
  readonly destinations: Collection<DestinationInput>
  readonly routes: Collection<RouteInput>
  readonly groups: Collection<GroupInput>
  readonly middlewares: Collection<MiddlewareInput>
  /** Values go in and come out of `get` alone. */
  readonly secrets: Collection<SecretInput, SecretSummary, SecretInput>
  readonly snapshots: Snapshots
  /** What would become of a request, and why: by what is active, unless `source` says otherwise. */
  explain(request: ExplainRequestInput): Promise<Explanation>
  /** Which proxies are connected and what each of them runs. */
  fleet(): Promise<Fleet>
  /** Whether the control plane can do its work now; false too when it does not answer. */
  ready(): Promise<boolean>
}

/** A client for the control plane at `options.baseUrl`. Opens nothing until a method is called. */
export function createClient(options: ClientOptions): Client {
  const send = transport(options)
  return {
    listeners: collection(send, 'listeners'),
    destinations: collection(send, 'destinations'),
    routes: collection(send, 'routes'),
    groups: collection(send, 'groups'),
    middlewares: collection(send, 'middlewares'),
    secrets: collection(send, 'secrets'),
    snapshots: snapshots(send),
    explain: (request) => answer<Explanation>(send({ method: 'POST', path: '/api/v1/explain', body: request })),
    fleet: () => answer<Fleet>(send({ method: 'GET', path: '/api/v1/fleet' })),
    ready: () =>
      send({ method: 'GET', path: '/readyz' }).then(
        () => true,
        () => false, // every reason for having no good answer means the same: not ready
      ),
  }
}

function collection<In, Out, Full>(send: Send, kind: string): Collection<In, Out, Full> {
  const all = `/api/v1/${kind}`
  const one = (id: string) => `${all}/${encodeURIComponent(id)}`
  const create = (entity: object) => answer<Out>(send({ method: 'POST', path: all, body: entity }))
  const replace = (id: string, entity: object) => answer<Out>(send({ method: 'PUT', path: one(id), body: entity }))
  return {
    create,
    replace,
    list: () => answer<Out[]>(send({ method: 'GET', path: all })),
    get: (id) => answer<Full>(send({ method: 'GET', path: one(id) })),
    put: async (id, entity) => {
      try {
        return await replace(id, entity)
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return create({ ...entity, id })
        throw error
      }
    },
    delete: (id) => answer<void>(send({ method: 'DELETE', path: one(id) })),
  }
}

function snapshots(send: Send): Snapshots {
  const all = '/api/v1/snapshots'
  const one = (id: string) => `${all}/${encodeURIComponent(id)}`
  return {
    list: () => answer<SnapshotSummary[]>(send({ method: 'GET', path: all })),
    capture: (name, options) =>
      answer<SnapshotDocument>(send({ method: 'POST', path: all, body: { name, ...options } })),
    get: (id) => answer<SnapshotDocument>(send({ method: 'GET', path: one(id) })),
    activate: (id) => answer<SnapshotSummary>(send({ method: 'POST', path: `${one(id)}/activate`, body: {} })),
    delete: (id, options) =>
      answer<void>(send({ method: 'DELETE', path: one(id) + (options?.force ? '?force=true' : '') })),
  }
}

/**
 * Gives an answer its type. Not checked against the schema: a newer control plane may add fields, and a client that
 * refused them could not be older than its server.
 */
async function answer<T>(sent: Promise<unknown>): Promise<T> {
  return (await sent) as T
}
