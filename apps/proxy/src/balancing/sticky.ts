import { hashKey, type Picker, type StickySettings, sessionIdOf } from '@vrata/balancers'
import { parseDuration, redisKeyPrefixes } from '@vrata/model'
import { exchangeReader, giveSession } from '../cookies/session-cookies.ts'
import type { Exchange } from '../exchange.ts'
import { type Pin, type SessionStore, unanswered } from '../sessions/session-store.ts'

/** What a client can be pinned to, by index: the destinations of a route, the endpoints of a destination. */
export interface Targets {
  /** What is written into the store. */
  readonly name: (index: number) => string
  /** -1 when there is no such target. */
  readonly indexOf: (name: string) => number
  readonly usable: (index: number) => boolean
  /** Chooses by the key of a session, the same way on every proxy: for new clients, and without a store. */
  readonly pick: Picker
}

/** The key of the pin to a destination of a route. */
export function destinationPinKey(session: string, routeId: string): string {
  return `${redisKeyPrefixes.sticky}${session}:${routeId}`
}

/** The key of the pin to an endpoint of a destination. */
export function endpointPinKey(session: string, destinationId: string): string {
  return `${redisKeyPrefixes.sticky}${session}:${destinationId}:ep`
}

/**
 * Keeps clients where they are: a cookie holds the id of the session, the store what it is pinned to. A pin moves only
 * when its target is gone. New clients are placed by the hash of their id, and so is everybody while the store cannot be
 * asked: who was never moved by a change of weights stays where he is even then.
 */
export class Sticky {
  readonly #settings: StickySettings
  /** Milliseconds that a pin lasts. */
  readonly #ttl: number
  readonly #keyOf: (session: string) => string
  readonly #store: SessionStore | undefined

  constructor(settings: StickySettings, keyOf: (session: string) => string, store: SessionStore | undefined) {
    this.#settings = settings
    this.#ttl = parseDuration(settings.cookie.ttl) ?? 0
    this.#keyOf = keyOf
    this.#store = store
  }

  /** An index, or -1 when no target is usable. At once when the store is not to be asked, else when it has answered. */
  choose(exchange: Exchange, targets: Targets): number | Promise<number> {
    const { cookie } = this.#settings
    const known = sessionIdOf(exchangeReader, exchange, cookie)
    const session = known ?? exchangeReader.newSession(exchange, cookie)
    const store = this.#store
    if (store?.readable === true && startWaiting(exchange, store)) {
      if (known !== undefined) return this.#ask(exchange, targets, session, store)
      if (store.writable) return this.#claim(exchange, targets, session, store)
    }
    return byHash(targets, session)
  }

  async #ask(exchange: Exchange, targets: Targets, session: string, store: SessionStore): Promise<number> {
    const pin = await store.read(this.#keyOf(session), patience(exchange))
    if (pin === unanswered) return byHash(targets, session)
    if (pin === undefined) return this.#claim(exchange, targets, session, store)
    const index = targets.indexOf(pin.target)
    if (index === -1) return this.#move(exchange, targets, session, store)
    if (targets.usable(index)) {
      this.#renew(exchange, session, pin, store)
      return index
    }
    if (this.#settings.onUnhealthy === 'repin') return this.#move(exchange, targets, session, store)
    this.#renew(exchange, session, pin, store)
    return byHash(targets, session)
  }

  /** Pins a client that has no pin. When another proxy did so meanwhile, its choice counts. */
  async #claim(exchange: Exchange, targets: Targets, session: string, store: SessionStore): Promise<number> {
    const chosen = byHash(targets, session)
    if (chosen === -1 || !store.writable) return chosen
    giveSession(exchange, this.#settings.cookie, session)
    const winner = await store.claim(this.#keyOf(session), targets.name(chosen), this.#ttl, patience(exchange))
    if (winner === unanswered) return chosen
    const index = targets.indexOf(winner)
    return index !== -1 && targets.usable(index) ? index : chosen
  }

  /** Pins a client anew. */
  async #move(exchange: Exchange, targets: Targets, session: string, store: SessionStore): Promise<number> {
    const chosen = byHash(targets, session)
    if (chosen === -1 || !store.writable) return chosen
    giveSession(exchange, this.#settings.cookie, session)
    await store.move(this.#keyOf(session), targets.name(chosen), this.#ttl, patience(exchange))
    return chosen
  }

  /** Who comes back in the second half of his time gets the whole time again. */
  #renew(exchange: Exchange, session: string, pin: Pin, store: SessionStore): void {
    if (pin.left >= this.#ttl / 2 || !store.writable) return
    giveSession(exchange, this.#settings.cookie, session)
    store.extend(this.#keyOf(session), this.#ttl)
  }
}

function byHash({ pick, usable }: Targets, session: string): number {
  return pick(hashKey(session), usable)
}

/** An exchange waits for the store once, however often it asks. @returns whether there is time left */
function startWaiting(exchange: Exchange, store: SessionStore): boolean {
  if (exchange.sessionDeadline === 0) exchange.sessionDeadline = performance.now() + store.patience
  return patience(exchange) > 0
}

/** Milliseconds that an exchange may still wait. */
function patience(exchange: Exchange): number {
  return Math.max(0, exchange.sessionDeadline - performance.now())
}
