import { randomBytes } from 'node:crypto'
import { type ClientCookie, type ClientReader, cookieValue } from '@vrata/balancers'
import { parseDuration } from '@vrata/model'
import type { Exchange } from '../exchange.ts'
import { type OwnCookie, setCookieLine } from './own-cookie.ts'

/** What choosing among destinations and endpoints asks of a request in flight. */
export const exchangeReader: ClientReader<Exchange> = {
  clientIp: (exchange) => exchange.clientIp,
  headerLine: firstLine,
  sentCookie,
  givenCookie: ({ givenCookies }, name) => givenCookies?.find((cookie) => cookie.name === name)?.value,
  newSession,
}

function firstLine(exchange: Exchange, name: string): string | undefined {
  if (name === 'host') return exchange.host || undefined
  return exchange.lines(name).find((line) => line !== '')
}

function sentCookie(exchange: Exchange, name: string): string | undefined {
  for (const line of exchange.lines('cookie')) {
    const value = cookieValue(line, name)
    if (value !== undefined) return value
  }
  return undefined
}

/** The id is one that nobody can guess: 32 hexadecimal digits. It goes to the client with whatever answer there will be. */
function newSession(exchange: Exchange, cookie: ClientCookie): string {
  const id = randomBytes(16).toString('hex')
  giveSession(exchange, cookie, id)
  return id
}

/** Gives the client a session for its whole time, a new one or its own again. */
export function giveSession(exchange: Exchange, { name, ttl }: ClientCookie, id: string): void {
  const given: OwnCookie = { name, value: id, ttl: parseDuration(ttl) ?? 0 }
  const others = exchange.givenCookies?.filter((cookie) => cookie.name !== name) ?? []
  exchange.givenCookies = [...others, given]
}

/** Adds the cookies that were given to a head. */
export function addCookies({ givenCookies, scheme }: Exchange, head: { add(name: string, value: string): void }): void {
  if (givenCookies === undefined) return
  for (const cookie of givenCookies) head.add('set-cookie', setCookieLine(cookie, scheme === 'https'))
}
