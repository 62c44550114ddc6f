import { type DestinationSettings, destinationPolicy, hashKey, sessionIdOf } from '@vrata/balancers'
import { exchangeReader } from '../cookies/session-cookies.ts'
import type { SessionStore } from '../sessions/session-store.ts'
import type { Balancer } from './balancer.ts'
import { destinationPinKey, Sticky } from './sticky.ts'

/** One of the destinations of a route, as far as choosing among them goes. */
export interface Candidate {
  readonly id: string
  /** Share in percent. */
  readonly weight: number
  /** Whether anything of it can be sent to. */
  readonly usable: () => boolean
}

/** What chooses the destination for the requests of a route. */
export function destinationBalancer(
  routeId: string,
  candidates: readonly Candidate[],
  settings: DestinationSettings,
  sessions: SessionStore | undefined,
): Balancer {
  const usable = (index: number) => candidates[index]?.usable() === true
  const policy = destinationPolicy(settings, candidates, routeId)
  switch (policy.by) {
    case 'only':
      return onlyOne
    case 'chance':
      return () => policy.pick(0, usable)
    case 'session': {
      const { cookie, pick } = policy
      return (exchange) => {
        const session = sessionIdOf(exchangeReader, exchange, cookie) ?? exchangeReader.newSession(exchange, cookie)
        return pick(hashKey(session), usable)
      }
    }
    case 'pin': {
      const sticky = new Sticky(policy.sticky, (session) => destinationPinKey(session, routeId), sessions)
      const targets = {
        name: (index: number) => candidates[index]?.id ?? '',
        indexOf: (id: string) => candidates.findIndex((candidate) => candidate.id === id),
        usable,
        pick: policy.pick,
      }
      return (exchange) => sticky.choose(exchange, targets)
    }
  }
}

/** Whether it can be sent to, its endpoints tell, and better. */
function onlyOne(): number {
  return 0
}
