import type { Client } from '@vrata/client'
import type {
  DestinationInput,
  GroupInput,
  ListenerInput,
  MiddlewareInput,
  RouteInput,
  SnapshotConfig,
  SnapshotDocument,
} from '@vrata/model'

/** Each list of a configuration by id, in the order in which the entities were first added. */
interface Entities {
  readonly listeners: ReadonlyMap<string, ListenerInput>
  readonly destinations: ReadonlyMap<string, DestinationInput>
  readonly routes: ReadonlyMap<string, RouteInput>
  readonly groups: ReadonlyMap<string, GroupInput>
  readonly middlewares: ReadonlyMap<string, MiddlewareInput>
}

type Fields<T> = Omit<Partial<T>, 'id' | 'name'>

/** Traffic of a route: one destination, or several with their weights. */
export type Target = string | Readonly<Record<string, number>>

/**
 * A configuration in the making. Every method gives a new one and leaves the old as it is, so a test says what changes
 * from one snapshot to the next; an id that is there already is replaced.
 */
export interface SnapshotBuilder {
  /** Clear text on the loopback interface unless `fields` say otherwise. */
  listener(id: string, port: number, fields?: Fields<ListenerInput>): SnapshotBuilder
  /** `address` is `host:port`. */
  destination(id: string, address: string, fields?: Fields<DestinationInput>): SnapshotBuilder
  /** Forwards all below `pathPrefix`. */
  forward(id: string, pathPrefix: string, to: Target, fields?: Fields<RouteInput>): SnapshotBuilder
  /** Answers all below `pathPrefix` with status 200 and this body. */
  respond(id: string, pathPrefix: string, body: string, fields?: Fields<RouteInput>): SnapshotBuilder
  /** A route as it is. */
  route(id: string, fields: Omit<RouteInput, 'id'>): SnapshotBuilder
  group(id: string, fields: Omit<GroupInput, 'id'>): SnapshotBuilder
  /** `settings` stand under the name of the type. */
  middleware(id: string, type: string, settings: object): SnapshotBuilder
  /** Takes entities of any kind out again. */
  without(...ids: string[]): SnapshotBuilder
  /** The five lists, as a proxy receives them or as they are put into a document. */
  readonly config: SnapshotConfig
  /** Makes what is staged in the control plane exactly this. */
  stage(client: Client): Promise<void>
  /** Stages and captures. */
  capture(client: Client, name: string): Promise<SnapshotDocument>
  /** Stages, captures and activates. */
  activate(client: Client, name: string): Promise<SnapshotDocument>
}

/** An empty configuration. */
export function snapshot(): SnapshotBuilder {
  return builder({
    listeners: new Map(),
    destinations: new Map(),
    routes: new Map(),
    groups: new Map(),
    middlewares: new Map(),
  })
}

function builder(entities: Entities): SnapshotBuilder {
  const self: SnapshotBuilder = {
    listener: (id, port, fields = {}) =>
      builder({
        ...entities,
        listeners: including(entities.listeners, id, { id, name: id, address: '127.0.0.1', port, ...fields }),
      }),
    destination: (id, address, fields = {}) =>
      builder({
        ...entities,
        destinations: including(entities.destinations, id, { id, name: id, ...hostAndPort(address), ...fields }),
      }),
    forward: (id, pathPrefix, to, fields = {}) =>
      self.route(id, { name: id, match: { pathPrefix }, forward: { destinations: weights(to) }, ...fields }),
    respond: (id, pathPrefix, body, fields = {}) =>
      self.route(id, { name: id, match: { pathPrefix }, directResponse: { status: 200, body }, ...fields }),
    route: (id, fields) => builder({ ...entities, routes: including(entities.routes, id, { id, ...fields }) }),
    group: (id, fields) => builder({ ...entities, groups: including(entities.groups, id, { id, ...fields }) }),
    middleware: (id, type, settings) =>
      builder({
        ...entities,
        middlewares: including(entities.middlewares, id, { id, name: id, type, [type]: settings }),
      }),
    without: (...ids) =>
      builder({
        listeners: omitting(entities.listeners, ids),
        destinations: omitting(entities.destinations, ids),
        routes: omitting(entities.routes, ids),
        groups: omitting(entities.groups, ids),
        middlewares: omitting(entities.middlewares, ids),
      }),
    config: {
      listeners: [...entities.listeners.values()],
      destinations: [...entities.destinations.values()],
      routes: [...entities.routes.values()],
      groups: [...entities.groups.values()],
      middlewares: [...entities.middlewares.values()],
    },
    stage: (client) => stage(client, entities),
    capture: async (client, name) => {
      await self.stage(client)
      return client.snapshots.capture(name)
    },
    activate: async (client, name) => {
      const captured = await self.capture(client, name)
      await client.snapshots.activate(captured.id)
      return captured
    },
  }
  return self
}

async function stage(client: Client, entities: Entities): Promise<void> {
  await same(client.listeners, entities.listeners)
  await same(client.destinations, entities.destinations)
  await same(client.middlewares, entities.middlewares)
  await same(client.routes, entities.routes)
  await same(client.groups, entities.groups)
}

/** What this function needs of a collection, whatever its kind. */
interface Writable<T> {
  list(): Promise<readonly { readonly id: string }[]>
  put(id: string, entity: T): Promise<unknown>
  delete(id: string): Promise<void>
}

async function same<T>(collection: Writable<T>, wanted: ReadonlyMap<string, T>): Promise<void> {
  const there = await collection.list()
  for (const { id } of there) if (!wanted.has(id)) await collection.delete(id)
  for (const [id, entity] of wanted) await collection.put(id, entity)
}

function including<T>(map: ReadonlyMap<string, T>, id: string, value: T): ReadonlyMap<string, T> {
  return new Map(map).set(id, value)
}

function omitting<T>(map: ReadonlyMap<string, T>, ids: readonly string[]): ReadonlyMap<string, T> {
  return new Map([...map].filter(([id]) => !ids.includes(id)))
}

function hostAndPort(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':')
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) }
}

function weights(to: Target): { destinationId: string; weight: number }[] {
  if (typeof to === 'string') return [{ destinationId: to, weight: 100 }]
  return Object.entries(to).map(([destinationId, weight]) => ({ destinationId, weight }))
}
