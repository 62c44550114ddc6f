import { nearest } from '@vrata/notation'

/** Where a secret's value comes from: a stored secret, the environment, a file. */
export type SecretSource = 'value' | 'env' | 'file'

const sources: readonly string[] = ['value', 'env', 'file'] satisfies SecretSource[]

/** A piece of a string that may hold references. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'reference'; readonly source: SecretSource; readonly ref: string }
  | { readonly kind: 'malformed'; readonly message: string; readonly suggestion?: string }

const opening = '{{secret:'
const reference = /\{\{secret:(value|env|file):([^}]+)\}\}/y

/** Whether a string must be taken apart at all; most need not. */
export function mayHoldReference(text: string): boolean {
  return text.includes(opening)
}

/**
 * Takes a string apart into text and references, `{{secret:SOURCE:REF}}` with REF being anything but `}`. Several may
 * stand in one string. `{{{{secret:` is text, namely `{{secret:`; every other `{{secret:` that is not a reference is
 * malformed, never text: a typing error must not travel to a backend as a password.
 */
export function parseSecretText(text: string): readonly Piece[] {
  const pieces: Piece[] = []
  let from = 0
  let literal = ''
  for (let at = text.indexOf(opening); at >= 0; at = text.indexOf(opening, from)) {
    if (at - 2 >= from && text.startsWith('{{', at - 2)) {
      literal += text.slice(from, at - 2) + opening
      from = at + opening.length
      continue
    }
    literal += text.slice(from, at)
    if (literal !== '') pieces.push({ kind: 'text', text: literal })
    literal = ''
    reference.lastIndex = at
    const [whole, source, ref] = reference.exec(text) ?? []
    if (whole !== undefined && isSource(source) && ref !== undefined) {
      pieces.push({ kind: 'reference', source, ref })
      from = at + whole.length
    } else {
      pieces.push(malformed(text.slice(at)))
      from = at + opening.length
    }
  }
  literal += text.slice(from)
  if (literal !== '') pieces.push({ kind: 'text', text: literal })
  return pieces
}

function isSource(word: string | undefined): word is SecretSource {
  return word !== undefined && sources.includes(word)
}

function malformed(text: string): Piece {
  const [whole = text, source = '', ref] = /^\{\{secret:([^:}]*)(?::([^}]*))?(?:\}\})?/.exec(text) ?? []
  const shown = JSON.stringify(whole.length > 64 ? `${whole.slice(0, 63)}…` : whole)
  const meant = isSource(source) ? undefined : nearest(source.trim(), sources)
  const suggestion = meant !== undefined && ref ? `{{secret:${meant}:${ref}}}` : undefined
  return {
    kind: 'malformed',
    message: `${shown} is not a secret reference: ${complaint(source, ref, whole.endsWith('}}'))}`,
    ...(suggestion === undefined ? {} : { suggestion }),
  }
}

function complaint(source: string, ref: string | undefined, closed: boolean): string {
  if (!isSource(source)) return `the source is ${JSON.stringify(source)}, not value, env or file`
  if (ref === undefined || ref === '') return 'it names nothing after its source'
  return closed ? 'it holds a "}" inside' : 'it is not closed by "}}"'
}
