import type { Kind } from '../entities/kinds.ts'
import { ifMatch, ifNoneMatch, listHeaders, tagHeaders } from './described-headers.ts'
import { component, type Operation } from './endpoint.ts'

/** What the API document says of the endpoints of one kind. */
export interface EntityOperations {
  readonly list: Operation
  readonly create: Operation
  readonly get: Operation
  readonly replace: Operation
  readonly remove: Operation
}

const bodyErrors = ['bad_json', 'invalid', 'too_large', 'unsupported_media_type'] as const

/** Describes the endpoints of one kind. */
export function entityOperations({ kind, collection }: Kind): EntityOperations {
  const name = capital(kind)
  // What is answered always has both; what is sent need not.
  const full = { allOf: [component(name), { required: ['id', 'name'] }] }
  const shown = kind === 'secret' ? component('SecretSummary') : full
  const body = { schema: component(name), required: true }
  const tag = collection
  return {
    list: {
      id: `list${capital(collection)}`,
      tag,
      summary: `All ${collection}, by id`,
      headers: [ifNoneMatch],
      answers: {
        200: { description: 'All of them.', schema: { type: 'array', items: shown }, headers: listHeaders },
        304: { description: 'Nothing in the store has changed.' },
      },
    },
    create: {
      id: `create${name}`,
      tag,
      summary: `Create a ${kind}`,
      description: 'The id may be chosen; without one a UUID is made.',
      body,
      answers: { 201: { description: 'Stored.', schema: shown, headers: { ...tagHeaders, Location: 'Its path.' } } },
      errors: [...bodyErrors, 'id_exists', 'storage_full'],
    },
    get: {
      id: `get${name}`,
      tag,
      summary: `One ${kind}`,
      headers: [ifNoneMatch],
      answers: {
        200: { description: 'As it was sent.', schema: full, headers: tagHeaders },
        304: { description: 'It still has the version that the client knows.' },
      },
      errors: ['not_found'],
    },
    replace: {
      id: `replace${name}`,
      tag,
      summary: `Replace a ${kind}`,
      description: 'What is not given is cleared; nothing is merged. It must exist.',
      headers: [ifMatch],
      body,
      answers: { 200: { description: 'Stored.', schema: shown, headers: tagHeaders } },
      errors: [...bodyErrors, 'not_found', 'conflict', 'precondition_failed', 'storage_full'],
    },
    remove: {
      id: `delete${name}`,
      tag,
      summary: `Delete a ${kind}`,
      description: 'References to it may stay; capturing refuses them.',
      headers: [ifMatch],
      answers: { 204: { description: 'Deleted.' } },
      errors: ['not_found', 'conflict', 'precondition_failed', 'storage_full'],
    },
  }
}

/** The name of a kind's component in the API document. */
export function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}
