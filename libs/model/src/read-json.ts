import { jsonErrorAt } from './json-error.ts'
import { findJsonProblems } from './json-scan.ts'

/** What is wrong at one place of a JSON text. */
export interface JsonProblem {
  /** RFC 6901 pointer to the member or value. */
  readonly pointer: string
  readonly message: string
  readonly code: 'json.duplicate' | 'json.depth' | 'json.text' | 'json.name'
}

/** A value, or one sentence and the places. Without places the text is not JSON at all. */
export type ReadJson =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly message: string; readonly problems: readonly JsonProblem[] }

/** How deep lists and objects may lie in each other. */
export const maxJsonDepth = 100

/**
 * Reads exactly one JSON value (RFC 8259), strictly: a name that an object has twice, more than {@link maxJsonDepth}
 * levels, halves of surrogate pairs (which no UTF-8 can carry) and the name `__proto__` (which libraries drop in silence)
 * are refused. Linear in the length of the text.
 */
export function readJson(text: string): ReadJson {
  // First, since the engine takes minutes and gigabytes for tens of millions of levels. Of a text that is not JSON the
  // findings mean nothing, except that it is too deep.
  const problems = findJsonProblems(text, maxJsonDepth)
  const tooDeep = problems.find((problem) => problem.code === 'json.depth')
  if (tooDeep) return { ok: false, message: tooDeep.message, problems: [tooDeep] }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown
    return { ok: false, message: explain(text), problems: [] }
  }
  const [first] = problems
  if (!first) return { ok: true, value }
  const message = problems.length === 1 ? first.message : `${problems.length} problems in the JSON text`
  return { ok: false, message, problems }
}

/** As {@link readJson}, from bytes. Invalid UTF-8 is refused; a byte order mark is skipped. */
export function decodeJson(bytes: Uint8Array): ReadJson {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown
    return { ok: false, message: 'the text is not valid UTF-8', problems: [] }
  }
  return readJson(text)
}

/** The engine's own sentence quotes the text around the error, which may be a secret: only the place is told. */
function explain(text: string): string {
  if (text.trim() === '') return 'unexpected end of JSON: the text is empty'
  const at = jsonErrorAt(text) ?? text.length
  if (at === text.length) return 'unexpected end of JSON'
  const before = text.slice(0, at).split('\n')
  return `not JSON at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`
}
