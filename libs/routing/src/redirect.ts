import type { RequestFacts } from '@vrata/cel'
import type { Route } from '@vrata/model'
import { canonicalRewrite, escapePath } from './canonical-path.ts'
import type { RouteEntry } from './entry.ts'
import { prefixSwap } from './path-rewrite.ts'

/** What a redirect is made from: the request, and its authority as it was received, port included. */
export type RedirectFacts = RequestFacts & { readonly authority: string }

/** Status and `Location` of a redirect; its body is empty. */
export type Redirect = (facts: RedirectFacts) => { readonly status: number; readonly location: string }

type Configured = NonNullable<Route['redirect']>

/**
 * Compiles the redirect of a route: what is configured, resolved against the URL of the request. The location is
 * absolute when scheme, host or port are configured, else a path.
 *
 * @throws {TypeError} when the entry's route has no redirect
 */
export function compileRedirect(entry: RouteEntry): Redirect {
  const configured = entry.route.redirect
  if (configured === undefined) throw new TypeError(`route ${entry.route.id} has no redirect`)
  const { code: status, url } = configured
  if (url !== undefined) return () => ({ status, location: url })
  const origin = compileOrigin(configured)
  const pathAndQuery = compilePath(configured, entry)
  return (facts) => ({ status, location: origin(facts) + pathAndQuery(facts) })
}

const defaultPorts = { http: 80, https: 443 } as const

/** The part before the path, or the empty text. */
function compileOrigin({ scheme, host, port }: Configured): (facts: RedirectFacts) => string {
  if (scheme === undefined && host === undefined && port === undefined) return () => ''
  return (facts) => {
    const target = scheme ?? facts.scheme
    const authority = host ?? facts.authority
    if (authority === '') return '' // HTTP/1.0 need not name a host
    if (port !== undefined) {
      const name = withoutPort(authority)
      return port === defaultPorts[target] ? `${target}://${name}` : `${target}://${name}:${port}`
    }
    // A port that was received belongs to the scheme that was received.
    const keeps = host !== undefined || target === facts.scheme
    return `${target}://${keeps ? authority : withoutPort(authority)}`
  }
}

function withoutPort(authority: string): string {
  return authority.replace(/:\d*$/, '')
}

function compilePath({ path, pathPrefix, stripQuery }: Configured, entry: RouteEntry): (facts: RequestFacts) => string {
  const mark = path?.indexOf('?') ?? -1
  if (path !== undefined && mark !== -1) {
    const fixed = targetPath(path.slice(0, mark)) + path.slice(mark)
    return () => fixed
  }
  const query = (facts: RequestFacts) => (stripQuery || facts.query === '' ? '' : `?${facts.query}`)
  const whole = path ?? pathPrefix
  const swap = pathPrefix === undefined ? undefined : prefixSwap(entry.pattern, pathPrefix)
  if (swap) return (facts) => canonicalRewrite(facts.path === '*' ? '/' : swap(facts.path)) + query(facts)
  if (whole === undefined) return (facts) => canonicalRewrite(facts.path === '*' ? '/' : facts.path) + query(facts)
  const fixed = targetPath(whole)
  return (facts) => fixed + query(facts)
}

/** A configured path as part of a URL. It begins with one slash: with two it would name a host. */
function targetPath(path: string): string {
  return escapePath(path).replace(/^\/*/, '/')
}
