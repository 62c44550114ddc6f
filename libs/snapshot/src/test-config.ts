import type {
  DestinationInput,
  GroupInput,
  ListenerInput,
  MiddlewareInput,
  Problem,
  RouteInput,
  SnapshotConfig,
} from '@vrata/model'

/** A configuration with one of everything that is needed, and nothing to complain about; tests say what differs. */
export function config(changes: Partial<SnapshotConfig> = {}): SnapshotConfig {
  return {
    listeners: [listener()],
    destinations: [destination()],
    routes: [route()],
    groups: [],
    middlewares: [],
    ...changes,
  }
}

export function listener(changes: Partial<ListenerInput> = {}): ListenerInput {
  const id = changes.id ?? 'l'
  return { id, name: `listener ${id}`, port: 8080, ...changes }
}

export function destination(changes: Partial<DestinationInput> = {}): DestinationInput {
  const id = changes.id ?? 'd'
  return { id, name: `destination ${id}`, host: '10.0.0.1', port: 80, ...changes }
}

/** Forwards to the destination `d` unless told otherwise. */
export function route(changes: Partial<RouteInput> = {}): RouteInput {
  const id = changes.id ?? 'r'
  const acts = changes.redirect ?? changes.directResponse
  const action = acts === undefined ? { forward: { destinations: [{ destinationId: 'd' }] } } : {}
  return { id, name: `route ${id}`, match: { pathPrefix: `/${id}` }, ...action, ...changes }
}

export function group(changes: Partial<GroupInput> = {}): GroupInput {
  const id = changes.id ?? 'g'
  return { id, name: `group ${id}`, routeIds: ['r'], ...changes }
}

/** Of type `headers` unless told otherwise. */
export function middleware(changes: Partial<MiddlewareInput> = {}): MiddlewareInput {
  const id = changes.id ?? 'm'
  return { id, name: `middleware ${id}`, type: 'headers', ...changes }
}

/** A problem as one line: `severity code kind/id pointer`. */
export function line({ severity, code, entity, pointer }: Problem): string {
  return `${severity} ${code} ${entity.kind}/${entity.id} ${pointer}`
}
