import {
  type BalancerState,
  type EndpointChoices,
  type EndpointSettings,
  endpointPolicy,
  hashKey,
  hashValue,
} from '@vrata/balancers'
import { exchangeReader } from '../cookies/session-cookies.ts'
import type { SessionStore } from '../sessions/session-store.ts'
import type { Balancer } from './balancer.ts'
import { endpointPinKey, Sticky } from './sticky.ts'

/** What chooses the endpoint for the requests of a destination; made anew when the set of endpoints changes. */
export function endpointBalancer(
  settings: EndpointSettings,
  choices: EndpointChoices,
  usable: (index: number) => boolean,
  state: BalancerState,
  sessions: SessionStore | undefined,
): Balancer {
  const policy = endpointPolicy(settings, choices, state)
  switch (policy.by) {
    case 'only':
      return () => (usable(0) ? 0 : -1)
    case 'turn':
    case 'chance':
    case 'load':
      return () => policy.pick(0, usable)
    case 'hash': {
      const hashed = hashValue(policy.policies, exchangeReader)
      return (exchange) => policy.pick(hashKey(hashed(exchange)), usable)
    }
    case 'pin': {
      const { endpoints, destinationId } = choices
      const sticky = new Sticky(policy.sticky, (session) => endpointPinKey(session, destinationId), sessions)
      const indices = new Map(endpoints.map((endpoint, index) => [endpoint, index]))
      const targets = {
        name: (index: number) => endpoints[index] ?? '',
        indexOf: (endpoint: string) => indices.get(endpoint) ?? -1,
        usable,
        pick: policy.pick,
      }
      return (exchange) => sticky.choose(exchange, targets)
    }
  }
}
