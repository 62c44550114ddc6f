import { hashKey, weightedRandom, weightedRendezvous } from '@vrata/balancers'
import type { Route } from '@vrata/model'
import { parseDuration } from '@vrata/model'
import { newSession, sessionId } from '../cookies/client-cookies.ts'
import type { Exchange } from '../exchange.ts'
import type { SessionStore } from '../sessions/session-store.ts'
import { destinationPinKey, Sticky } from './sticky.ts'

/** One of the destinations of a route, as far as choosing among them goes. */
export interface Candidate {
  readonly id: string
  /** Share in percent. */
  readonly weight: number
  /** Whether anything of it can be sent to. */
  readonly usable: () => boolean
}

/** Chooses by index, -1 when nothing is usable. A promise only when the session store has to be asked. */
export type Balancer = (exchange: Exchange) => number | Promise<number>

type Settings = NonNullable<Route['forward']>['destinationBalancing']

/** What chooses the destination for the requests of a route. With one destination there is nothing to choose. */
export function destinationBalancer(
  routeId: string,
  candidates: readonly Candidate[],
  settings: Settings,
  sessions: SessionStore | undefined,
): Balancer {
  if (candidates.length === 1) return onlyOne
  const usable = (index: number) => candidates[index]?.usable() === true
  if (settings.algorithm === 'WEIGHTED_RANDOM') {
    const pick = weightedRandom(candidates.map(({ weight }) => weight))
    return () => pick(0, usable)
  }
  const pick = weightedRendezvous(candidates, routeId)
  if (settings.algorithm === 'WEIGHTED_CONSISTENT_HASH') {
    const { name, ttl } = settings.weightedConsistentHash.cookie
    const cookie = { name, ttl: parseDuration(ttl) ?? 0 }
    return (exchange) => pick(hashKey(sessionId(exchange, cookie) ?? newSession(exchange, cookie)), usable)
  }
  const sticky = new Sticky(settings.sticky, (session) => destinationPinKey(session, routeId), sessions)
  const targets = {
    name: (index: number) => candidates[index]?.id ?? '',
    indexOf: (id: string) => candidates.findIndex((candidate) => candidate.id === id),
    usable,
    pick,
  }
  return (exchange) => sticky.choose(exchange, targets)
}

/** Whether it can be sent to, its endpoints tell, and better. */
function onlyOne(): number {
  return 0
}
