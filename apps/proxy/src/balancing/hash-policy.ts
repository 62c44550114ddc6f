import { hashKey } from '@vrata/balancers'
import type { Destination } from '@vrata/model'
import { parseDuration } from '@vrata/model'
import { givenCookie, newSession, sentCookie } from '../cookies/client-cookies.ts'
import type { Exchange } from '../exchange.ts'

type HashPolicy = Destination['options']['endpointBalancing']['maglev']['hashPolicy'][number]

/** What one policy finds in a request; undefined when it yields nothing and the next one is asked. */
type ValueOf = (exchange: Exchange) => string | undefined

/**
 * What a request is hashed by: the value of the first policy that yields one, else the address of the client. Compiled
 * once for each set of endpoints.
 */
export function hashKeyOf(policies: readonly HashPolicy[]): (exchange: Exchange) => number {
  const values = policies.flatMap((policy) => readerOf(policy) ?? [])
  return (exchange) => {
    for (const value of values) {
      const found = value(exchange)
      if (found !== undefined) return hashKey(found)
    }
    return hashKey(exchange.clientIp)
  }
}

/** Undefined for a policy that is switched off. */
function readerOf({ header, cookie, sourceIP }: HashPolicy): ValueOf | undefined {
  if (header !== undefined) return headerValue(header.name.toLowerCase())
  if (cookie !== undefined) return cookieValue(cookie.name, parseDuration(cookie.ttl) ?? 0)
  return sourceIP?.enabled === true ? (exchange) => exchange.clientIp : undefined
}

/** The first line of the header that is not empty. */
function headerValue(name: string): ValueOf {
  if (name === 'host') return ({ host }) => host || undefined
  return ({ head: { names, values } }) => {
    for (let at = 0; at < names.length; at++) {
      if (names[at]?.lower === name && values[at] !== '') return values[at]
    }
    return undefined
  }
}

/** Whatever the client sent, which may well be the cookie of an application; a new session for who sent none. */
function cookieValue(name: string, ttl: number): ValueOf {
  const cookie = { name, ttl }
  return (exchange) => sentCookie(exchange, name) ?? givenCookie(exchange, name) ?? newSession(exchange, cookie)
}
