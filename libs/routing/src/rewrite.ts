import type { RequestFacts } from '@vrata/cel'
import type { RouteEntry } from './entry.ts'
import { canonicalHost } from './hostname.ts'
import { rewritePath, type Target } from './path-rewrite.ts'

/** Where a request is sent, as far as the host that goes out depends on it. */
export interface RewriteDestination {
  readonly host: string
  readonly port: number
  readonly tls: boolean
}

/** What a route changes in the request line and the host of a forwarded request, after middlewares. */
export interface Rewrite {
  /** Path and query as they go upstream. `path` is the one that the route was matched on, `query` is without `?`. */
  path(path: string, query: string): Target
  /**
   * The host that goes upstream; undefined = the client's. `onUnusable` hears of a value of the configured header that
   * is no authority and is therefore passed over; callers count it.
   */
  host(
    facts: RequestFacts,
    destination: RewriteDestination,
    onUnusable?: (header: string, value: string) => void,
  ): string | undefined
}

/** Compiles the rewrite of a forwarding route; undefined when it has none. Nothing can fail here any more. */
export function compileRewrite(entry: RouteEntry): Rewrite | undefined {
  const configured = entry.route.forward?.rewrite
  if (configured === undefined) return undefined
  const { rewrite } = entry
  const { host, autoHost } = configured
  const header = configured.hostFromHeader?.toLowerCase()
  return {
    path: (path, query) => rewritePath(rewrite, path, query),
    host(facts, destination, onUnusable) {
      if (autoHost) return destinationAuthority(destination)
      const value = header === undefined ? undefined : facts.header(header)
      if (header === undefined || value === undefined || value === '') return host
      if (canonicalHost(value) !== undefined) return value
      onUnusable?.(header, value)
      return host
    },
  }
}

/** Host and port as they stand in `Host`: without the port if it is the scheme's default, IPv6 in brackets. */
function destinationAuthority({ host, port, tls }: RewriteDestination): string {
  const name = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
  return port === (tls ? 443 : 80) ? name : `${name}:${port}`
}
