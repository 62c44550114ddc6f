import { SnapshotDocument } from '@vrata/model'
import { pointer } from '@vrata/notation'

/** A document, or the sentence that says why the text is none. The sentence quotes nothing of the text. */
export type VerifiedDocument =
  | { readonly ok: true; readonly document: SnapshotDocument }
  | { readonly ok: false; readonly message: string }

/**
 * Reads a snapshot document from the stream or from disk. What it asks is that the document is whole: JSON to its end,
 * its own members, five lists of objects with ids. What the entities say is judged by compiling them.
 */
export function verifyDocument(text: string): VerifiedDocument {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown
    return refuse(brokenText(text, thrown))
  }
  const parsed = SnapshotDocument.safeParse(value)
  if (parsed.success) return { ok: true, document: parsed.data }
  const [issue] = parsed.error.issues
  const path = (issue?.path ?? []).map((step) => (typeof step === 'number' ? step : String(step)))
  return refuse(`the text is not a snapshot document: ${pointer(...path) || 'it'} ${issue?.message ?? 'is not valid'}`)
}

function refuse(message: string): VerifiedDocument {
  return { ok: false, message }
}

/** The engine's own message quotes the text, which holds secrets. */
function brokenText(text: string, error: SyntaxError): string {
  if (text.trim() === '') return 'the snapshot document is empty'
  const position = /at position (\d+)/.exec(error.message)?.[1]
  const unfinished = /end of JSON|unterminated/i.test(error.message) || Number(position) >= text.trimEnd().length
  if (unfinished) return `the snapshot document is cut off after ${text.length} characters`
  return position === undefined
    ? 'the snapshot document is not JSON'
    : `the snapshot document is not JSON at character ${position}`
}
