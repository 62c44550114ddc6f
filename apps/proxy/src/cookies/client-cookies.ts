import type { Exchange } from '../exchange.ts'
import { cookieValue } from './cookie-value.ts'
import { type OwnCookie, setCookieLine } from './own-cookie.ts'
import { isSessionId, newSessionId } from './session-id.ts'

/** A cookie by which a client is recognised. */
export interface ClientCookie {
  readonly name: string
  /** Milliseconds that it lasts. */
  readonly ttl: number
}

/** The cookie that the client sent. */
export function sentCookie(exchange: Exchange, name: string): string | undefined {
  const { names, values } = exchange.head
  for (let at = 0; at < names.length; at++) {
    if (names[at]?.lower !== 'cookie') continue
    const value = cookieValue(values[at] ?? '', name)
    if (value !== undefined) return value
  }
  return undefined
}

/** The id of the client's session if it sent one that is well formed, or got one earlier in this exchange. */
export function sessionId(exchange: Exchange, cookie: ClientCookie): string | undefined {
  const sent = sentCookie(exchange, cookie.name)
  return sent !== undefined && isSessionId(sent) ? sent : givenCookie(exchange, cookie.name)
}

/** Begins a session: a new id, which goes to the client with the answer, whatever that will be. */
export function newSession(exchange: Exchange, cookie: ClientCookie): string {
  const id = newSessionId()
  giveCookie(exchange, { name: cookie.name, value: id, ttl: cookie.ttl })
  return id
}

/** The value of a cookie that the client gets with the answer to this exchange. */
export function givenCookie({ givenCookies }: Exchange, name: string): string | undefined {
  return givenCookies?.find((cookie) => cookie.name === name)?.value
}

/** Gives the client a cookie with the answer; one that was given under the same name before is replaced. */
export function giveCookie(exchange: Exchange, cookie: OwnCookie): void {
  const others = exchange.givenCookies?.filter(({ name }) => name !== cookie.name) ?? []
  exchange.givenCookies = [...others, cookie]
}

/** Adds the cookies that were given to a head: names and values in turn. */
export function addCookies({ givenCookies, scheme }: Exchange, headers: string[]): void {
  if (givenCookies === undefined) return
  for (const cookie of givenCookies) headers.push('set-cookie', setCookieLine(cookie, scheme === 'https'))
}
