/** Where an attack's requests go: all targets of one attack share a prefix, so that whatever a backend saw can be traced. */
export interface Targets {
  /** The n-th request of the attack that is in order, from 1; a backend has to answer exactly these. */
  ok(n: number): string
  /** A request whose head is in order and whose body is not: a backend may see it begin, never complete. */
  readonly broken: string
  /** Stands where a second reader would find a request. No backend may ever see it. */
  readonly smuggled: string
}

/** What is sent on one connection, and what has to come of it. */
export interface Attack {
  readonly family: string
  readonly what: string
  /** All bytes of the connection, as latin1. */
  readonly bytes: (at: Targets) => string
  /** Methods of the requests that are in order, which are answered by the backend, in turn. */
  readonly answered: readonly string[]
  /** Status of the proxy's own answer behind them, after which it closes; undefined = all was in order. */
  readonly refused: number | undefined
  /**
   * How the client ends: with a request that asks for it (a refused client is closed by the proxy), or, `abandons`, by
   * ending its half in the middle of a message, for which it may but need not be told off.
   */
  readonly abandons: boolean
}

/** The Host of requests that are in order. */
export const host = 'Host: gateway.test'

/** A head, its lines ended by CRLF. */
export function head(requestLine: string, ...lines: readonly string[]): string {
  return [requestLine, ...lines, '', ''].join('\r\n')
}

/** A GET of HTTP/1.1 with a Host. */
export function get(target: string, ...lines: readonly string[]): string {
  return head(`GET ${target} HTTP/1.1`, host, ...lines)
}

/** Head of a POST of HTTP/1.1 with a Host. */
export function post(target: string, ...lines: readonly string[]): string {
  return head(`POST ${target} HTTP/1.1`, host, ...lines)
}

/** A chunked POST; `body` as it stands on the wire. */
export function chunked(target: string, body: string): string {
  return `${post(target, 'Transfer-Encoding: chunked')}${body}`
}

/** The request at whose end both sides close. */
export function last(target: string): string {
  return get(target, 'Connection: close')
}

/** A request head that the proxy refuses before any backend hears of it. */
export function refusedHead(family: string, what: string, status: number, bytes: Attack['bytes']): Attack {
  return { family, what, bytes, answered: [], refused: status, abandons: false }
}

/** A POST that is refused for these lines; a smuggled request stands in what one of two readers takes for the body. */
export function refusedFraming(family: string, what: string, status: number, ...lines: readonly string[]): Attack {
  return refusedHead(family, what, status, (at) => `${post(at.smuggled, ...lines)}0\r\n\r\n${get(at.smuggled)}`)
}

/** A chunked body that is refused; the smuggled request stands behind it. */
export function refusedChunks(family: string, what: string, status: number, body: (at: Targets) => string): Attack {
  return refusedHead(family, what, status, (at) => chunked(at.broken, `${body(at)}${get(at.smuggled)}`))
}

/** A request that is in order, followed by the one at which the connection ends. */
export function accepted(family: string, what: string, method: string, bytes: Attack['bytes']): Attack {
  return {
    family,
    what,
    bytes: (at) => bytes(at) + last(at.ok(2)),
    answered: [method, 'GET'],
    refused: undefined,
    abandons: false,
  }
}
