import { proxyStates } from '@vrata/model'
import { z } from 'zod'
import type { Fleet } from '../fleet/fleet.ts'
import { sendJson } from './answer.ts'
import { ApiError } from './api-error.ts'
import { component, type Endpoint, endpoint, pathParameter } from './endpoint.ts'

/** Who runs what. */
export function fleetEndpoints(fleet: Fleet): Endpoint[] {
  return [
    endpoint('GET', '/api/v1/fleet', {
      operation: {
        id: 'getFleet',
        tag: 'fleet',
        summary: 'All proxies and what each of them runs',
        answers: { 200: { description: 'The fleet.', schema: component('Fleet') } },
      },
      query: {
        state: z.enum(proxyStates).optional().describe('Only proxies in this state.'),
        label: z.array(z.string()).optional().describe('`key` or `key=value`; all must hold.'),
      },
      handle: ({ res, query }) => sendJson(res, 200, fleet.document({ state: query.state, labels: query.label })),
    }),
    endpoint('GET', '/api/v1/fleet/{id}', {
      operation: {
        id: 'getProxy',
        tag: 'fleet',
        summary: 'One proxy',
        answers: { 200: { description: 'The proxy.', schema: component('FleetProxy') } },
        errors: ['not_found'],
      },
      handle({ req, res }) {
        const id = pathParameter(req, 'id')
        const proxy = fleet.proxy(id)
        if (!proxy) throw new ApiError('not_found', `proxy "${id}": resource not found`)
        sendJson(res, 200, proxy)
      },
    }),
  ]
}
