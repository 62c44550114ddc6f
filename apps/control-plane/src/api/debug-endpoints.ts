import { readStaged } from '../entities/staged.ts'
import type { Store } from '../store/store.ts'
import { sendJson } from './answer.ts'
import { component, type Endpoint, endpoint } from './endpoint.ts'

const listed = {
  destinations: 'Destination',
  groups: 'Group',
  listeners: 'Listener',
  middlewares: 'Middleware',
  routes: 'Route',
}

/** Everything that is staged but the secrets, references as they were written. */
export function debugEndpoints(store: Store): Endpoint[] {
  const lists = Object.entries(listed).map(([list, name]) => [list, { type: 'array', items: component(name) }])
  const schema = { type: 'object', required: Object.keys(listed), properties: Object.fromEntries(lists) }
  return [
    endpoint('GET', '/api/v1/debug/config', {
      operation: {
        id: 'getStagedConfig',
        tag: 'debug',
        summary: 'Everything that is staged, secrets left out',
        answers: { 200: { description: 'The five lists, at one revision.', schema } },
      },
      async handle({ res }) {
        const { destinations, groups, listeners, middlewares, routes } = (await readStaged(store)).config
        sendJson(res, 200, { destinations, groups, listeners, middlewares, routes })
      },
    }),
  ]
}
