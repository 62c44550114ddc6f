import { randomInt } from 'node:crypto'
import { checkEntity, ExplainRequest } from '@vrata/model'
import { explanationOf } from '../explain/explanation.ts'
import { chooseListener } from '../explain/listener-choice.ts'
import { type FoundSource, type Source, type SourcePorts, Sources } from '../explain/sources.ts'
import { sendJson } from './answer.ts'
import { ApiError } from './api-error.ts'
import { readBody } from './body.ts'
import { type Call, component, type Endpoint, endpoint, type Operation } from './endpoint.ts'
import { invalidSentence, refusedSentence } from './sentences.ts'

/** What explaining needs. */
export interface ExplainContext extends SourcePorts {
  readonly bodyBytes: number
}

/** Seeds that are made up are this small, so that people can copy them. */
const seeds = 10_000

/** A described request is what stored tests hold too. */
const about = { kind: 'test' } as const

const operation: Operation = {
  id: 'explainRequest',
  tag: 'snapshots',
  summary: 'What would become of a request, and why',
  description: 'Asks the compiled configuration as proxies ask it. Nothing is sent; every endpoint counts as healthy.',
  body: { schema: component('ExplainRequest'), required: true },
  answers: { 200: { description: 'The explanation, also when no route matches.', schema: component('Explanation') } },
  errors: ['bad_json', 'invalid', 'capture_refused', 'not_found', 'conflict', 'too_large', 'unsupported_media_type'],
}

/** `POST /explain`. */
export function explainEndpoints({ bodyBytes, ...ports }: ExplainContext): Endpoint[] {
  const sources = new Sources(ports)
  return [endpoint('POST', '/api/v1/explain', { operation, handle: (call) => answerExplain(sources, bodyBytes, call) })]
}

async function answerExplain(sources: Sources, limit: number, { req, res }: Call): Promise<void> {
  const sent = (await readBody(req, res, { limit, entity: about })) ?? {}
  const { value, problems } = checkEntity(ExplainRequest, sent, about, { references: 'resolved' })
  if (value === undefined) throw new ApiError('invalid', invalidSentence('request', problems), { problems })
  const source = found(await sources.find(value.source), value.source)
  const listener = chooseListener(value, source.compiled.listeners)
  if (listener === undefined) throw unknownListener(value.listenerId)
  sendJson(res, 200, explanationOf(value, source, listener, value.seed ?? randomInt(seeds)))
}

function found(result: FoundSource, name: string): Source {
  switch (result.outcome) {
    case 'found':
      return result.source
    case 'missing':
      throw new ApiError('not_found', `snapshot "${name}": resource not found`)
    case 'refused': {
      const { kind, problems } = result
      if (kind === 'staged') throw new ApiError('capture_refused', refusedSentence(problems), { problems })
      throw new ApiError('conflict', `the snapshot no longer compiles: ${problems.length} problems`, { problems })
    }
  }
}

function unknownListener(id: string | undefined): ApiError {
  const message = `there is no listener "${id}"`
  const problem = {
    entity: about,
    pointer: '/listenerId',
    message,
    severity: 'error',
    code: 'reference.missing',
  } as const
  return new ApiError('invalid', message, { problems: [problem] })
}
