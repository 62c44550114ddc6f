import { type RequestFacts, type SampleRequest, sampleFacts } from '@vrata/cel'
import { Group, type GroupInput, Listener, Route, type RouteInput } from '@vrata/model'
import { canonicalPath, decodePath } from './canonical-path.ts'
import type { RoutingConfig } from './compile.ts'
import { canonicalHost } from './hostname.ts'
import { parseQuery } from './query.ts'

/** Only tests and benchmarks use this file: configuration and requests in few words. */

/** A route by its id and match, answering 200 unless told otherwise. */
export function route(id: string, match: RouteInput['match'] = {}, rest: Partial<RouteInput> = {}): Route {
  const action = rest.forward ?? rest.redirect ?? rest.directResponse
  return Route.parse({ id, match, ...(action ? {} : { directResponse: { status: 200 } }), ...rest })
}

/** A group by its id and the ids of its routes. */
export function group(id: string, routeIds: string[], rest: Partial<GroupInput> = {}): Group {
  return Group.parse({ id, routeIds, ...rest })
}

/** A configuration; without listeners it has `l1`. */
export function config(
  routes: readonly Route[],
  groups: readonly Group[] = [],
  listenerIds: readonly string[] = ['l1'],
): RoutingConfig {
  const listeners = listenerIds.map((id, index) => Listener.parse({ id, port: 8000 + index }))
  return { listeners, routes, groups }
}

/** A request as somebody types it: target with query, authority, headers. */
export interface TypedRequest extends Omit<SampleRequest, 'path' | 'query' | 'host'> {
  readonly target: string
  readonly authority?: string
}

/** The facts of a request behind the guard of a listener that enforces canonical paths; `400` if that refuses it. */
export function received({ target, authority = 'any.example', ...rest }: TypedRequest): RequestFacts | 400 {
  const mark = target.indexOf('?')
  const query = mark === -1 ? '' : target.slice(mark + 1)
  const canonical = canonicalPath(mark === -1 ? target : target.slice(0, mark), 'enforce', 'reject')
  const host = canonicalHost(authority)
  if (!canonical.ok || host === undefined) return 400
  return {
    ...sampleFacts({ ...rest, host, path: canonical.path, query }),
    decodedPath: decodePath(canonical.path),
    queryParams: parseQuery(query),
  }
}

/** As {@link received}, for requests that are not refused. */
export function facts(request: TypedRequest | string): RequestFacts {
  const result = received(typeof request === 'string' ? { target: request } : request)
  if (result === 400) throw new Error(`refused: ${JSON.stringify(request)}`)
  return result
}
