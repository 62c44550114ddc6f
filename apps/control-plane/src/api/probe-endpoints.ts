import type { Store } from '../store/store.ts'
import { sendJson } from './answer.ts'
import { type Endpoint, endpoint } from './endpoint.ts'

/** How long a read of the store may take before the node counts as unready, in milliseconds. */
const readTimeout = 1000

const status = (word: string, more: Readonly<Record<string, unknown>> = {}) => ({
  type: 'object',
  required: ['status', ...Object.keys(more)],
  properties: { status: { const: word }, ...more },
})

/** What supervisors ask: whether the process lives, and whether it can do its work. */
export function probeEndpoints(store: Store): Endpoint[] {
  return [
    endpoint('GET', '/healthz', {
      operation: {
        id: 'healthz',
        tag: 'process',
        summary: 'Whether the process lives',
        answers: { 200: { description: 'It does.', schema: status('ok') } },
      },
      handle: ({ res }) => sendJson(res, 200, { status: 'ok' }),
    }),
    endpoint('GET', '/readyz', {
      operation: {
        id: 'readyz',
        tag: 'process',
        summary: 'Whether it can read its store',
        answers: {
          200: { description: 'It can.', schema: status('ok') },
          503: { description: 'It cannot at present.', schema: status('unready', { reason: { type: 'string' } }) },
        },
      },
      async handle({ res }) {
        const reason = await whyUnready(store)
        if (reason === undefined) sendJson(res, 200, { status: 'ok' })
        else sendJson(res, 503, { status: 'unready', reason })
      },
    }),
  ]
}

async function whyUnready(store: Store): Promise<string | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<string>()
  const timer = setTimeout(() => resolve('the store does not answer'), readTimeout)
  const read = store.get('active').then(
    () => undefined,
    () => 'the store cannot be read',
  )
  return Promise.race([read, late]).finally(() => clearTimeout(timer))
}
