import { type SnapshotConfig, SnapshotDocument } from '@vrata/model'
import { pointer } from '@vrata/notation'
import { DocumentMemory } from './document-memory.ts'
import { jsonSteps } from './json-steps.ts'
import { lists, snapshotKinds } from './kinds.ts'
import { atOnce, inSlices, type Slicing, type Steps } from './slices.ts'

/** A document, or the sentence that says why the text is none. The sentence quotes nothing of the text. */
export type VerifiedDocument =
  | { readonly ok: true; readonly document: SnapshotDocument }
  | { readonly ok: false; readonly message: string }

/**
 * Reads a snapshot document from the stream or from disk. What it asks is that the document is whole: JSON to its end,
 * its own members, five lists of objects with ids. What the entities say is judged by compiling them.
 */
export function verifyDocument(text: string): VerifiedDocument {
  return atOnce(verifySteps(text, new DocumentMemory()))
}

/**
 * {@link verifyDocument} for a process that serves traffic meanwhile: gives way to others every few milliseconds. What
 * `memory` knows is taken over.
 */
export function verifyDocumentInSlices(
  text: string,
  memory: DocumentMemory,
  slicing: Slicing,
): Promise<VerifiedDocument> {
  return inSlices(verifySteps(text, memory), slicing)
}

/** Levels of a document above its entities: the document, its content, a list. */
const levels = 3

/** A document without its content, which is too large to be checked at once. */
const Frame = SnapshotDocument.omit({ snapshot: true })

function* verifySteps(text: string, memory: DocumentMemory): Steps<VerifiedDocument> {
  let value: unknown
  try {
    const recall = memory.begin()
    value = yield* jsonSteps(text, levels, recall.read)
    recall.end()
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown
    return refuse(brokenText(text))
  }
  const frame = Frame.safeParse(value)
  const snapshot = yield* content(value)
  if (frame.success && snapshot !== undefined) return { ok: true, document: { ...frame.data, snapshot } }
  const [issue] = SnapshotDocument.safeParse(value).error?.issues ?? []
  const path = (issue?.path ?? []).map((step) => (typeof step === 'number' ? step : String(step)))
  return refuse(`the text is not a snapshot document: ${pointer(...path) || 'it'} ${issue?.message ?? 'is not valid'}`)
}

/** The five lists, if all of them are there and hold objects with ids: what the schema of documents asks of them. */
function* content(value: unknown): Steps<SnapshotConfig | undefined> {
  const snapshot = memberOf(value, 'snapshot')
  const found: Record<string, unknown> = {}
  for (const list of snapshotKinds.map((kind) => lists[kind])) {
    const entities = memberOf(snapshot, list)
    if (!Array.isArray(entities)) return undefined
    for (const entity of entities) {
      if (typeof memberOf(entity, 'id') !== 'string') return undefined
      yield
    }
    found[list] = entities
  }
  return found as unknown as SnapshotConfig // as the schema gives it; what entities say is judged by compiling them
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

function refuse(message: string): VerifiedDocument {
  return { ok: false, message }
}

/** The engine's own message quotes the text, which holds secrets; only the place is taken from it. */
function brokenText(text: string): string {
  if (text.trim() === '') return 'the snapshot document is empty'
  const message = complaint(text)
  const position = /at position (\d+)/.exec(message)?.[1]
  const unfinished = /end of JSON|unterminated/i.test(message) || Number(position) >= text.trimEnd().length
  if (unfinished) return `the snapshot document is cut off after ${text.length} characters`
  return position === undefined
    ? 'the snapshot document is not JSON'
    : `the snapshot document is not JSON at character ${position}`
}

function complaint(text: string): string {
  try {
    JSON.parse(text)
    return ''
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : ''
  }
}
