/** What can be said about a piece of a pattern without running it. */
interface Head {
  /** every text that the piece matches starts with this */
  readonly text: string
  /** the piece matches `text` and nothing else */
  readonly exact: boolean
}

interface Cursor {
  readonly pattern: string
  at: number
  /** an `i` flag was seen: from there on no letter is taken literally */
  folded: boolean
  /** an assertion (`^ $ \b ...`) or a flag group was seen: the text alone does not decide */
  conditional: boolean
}

const unknown: Head = { text: '', exact: false }
const nothing: Head = { text: '', exact: true }

/**
 * The literal characters that every match of `pattern` starts with; `''` when there are none to be found. Used to
 * order regular expressions of routes: the longer the literal start, the more specific the pattern. May be shorter
 * than the true common start, never longer. The pattern must be one that {@link compileRegex} accepts.
 */
export function literalPrefix(pattern: string): string {
  return alternation(cursor(pattern)).text
}

/** A pattern that needs no engine: `literal`, held at the start, at the end, at both or nowhere. */
export interface LiteralShape {
  readonly literal: string
  readonly start: boolean
  readonly end: boolean
}

/** Recognises patterns such as `^/api`, `\.json$`, `^(?:/healthz)$`; `undefined` when the engine has to decide. */
export function literalShape(pattern: string): LiteralShape | undefined {
  const start = anchored.test(pattern)
  const end = /(?:^|[^\\])(?:\\\\)*\$$/.test(pattern) && !pattern.includes('\\Q')
  const reader = cursor(pattern.slice(start ? 1 : 0, end ? -1 : undefined))
  const head = sequence(reader)
  const complete = reader.at === reader.pattern.length && head.exact && !reader.conditional
  return complete ? { literal: head.text, start, end } : undefined
}

/**
 * The literal start of a pattern whose matches can only begin where the text begins, so that a text that does not
 * start with it need not be searched; `''` when the pattern is not of that kind.
 */
export function anchoredPrefix(pattern: string): string {
  if (!anchored.test(pattern)) return ''
  const reader = cursor(pattern.slice(1))
  const head = sequence(reader)
  return reader.at === reader.pattern.length ? head.text : ''
}

/** The pattern that matches `literal` and nothing else. */
export function quoteRegex(literal: string): string {
  return literal.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')
}

const anchored = /^\^(?![*+?{])/

const cursor = (pattern: string): Cursor => ({ pattern, at: 0, folded: false, conditional: false })

function alternation(reader: Cursor): Head {
  let head = sequence(reader)
  while (reader.pattern[reader.at] === '|') {
    reader.at++
    head = common(head, sequence(reader))
  }
  return head
}

function sequence(reader: Cursor): Head {
  let text = ''
  let exact = true
  while (reader.at < reader.pattern.length) {
    const next = reader.pattern[reader.at]
    if (next === '|' || next === ')') break
    const piece = atom(reader)
    const least = repetition(reader)
    if (!exact) continue
    if (least !== 0) text += piece.text
    exact = least === undefined && piece.exact
  }
  return { text, exact }
}

/** The smallest count of a repetition operator at the cursor, which it passes; `undefined` when there is none. */
function repetition(reader: Cursor): number | undefined {
  const found = /^(?:([*+?])|\{(\d+)(?:,\d*)?\})\??/.exec(reader.pattern.slice(reader.at, reader.at + 12))
  if (!found) return undefined
  reader.at += found[0].length
  if (found[1] !== undefined) return found[1] === '+' ? 1 : 0
  return Number(found[2])
}

function atom(reader: Cursor): Head {
  const next = reader.pattern.codePointAt(reader.at) ?? 0
  const character = String.fromCodePoint(next)
  switch (character) {
    case '(':
      return group(reader)
    case '[':
      return skipClass(reader)
    case '\\':
      return escaped(reader)
    case '.':
      reader.at++
      return unknown
    case '^':
    case '$':
      reader.at++
      reader.conditional = true
      return nothing
    default:
      reader.at += character.length
      return reader.folded ? unknown : { text: character, exact: true }
  }
}

function group(reader: Cursor): Head {
  const opening = /^\((?:\?(?:P?<[^>]*>|([a-zA-Z-]*)([:)])))?/.exec(reader.pattern.slice(reader.at))
  reader.at += opening ? opening[0].length : 1
  const flags = opening?.[1]
  if (flags) reader.conditional = true
  if (flags?.includes('i')) reader.folded = true
  if (opening?.[2] === ')') return nothing
  const inner = alternation(reader)
  reader.at++
  return inner
}

function skipClass(reader: Cursor): Head {
  const { pattern } = reader
  reader.at++
  if (pattern[reader.at] === '^') reader.at++
  if (pattern[reader.at] === ']') reader.at++
  while (reader.at < pattern.length && pattern[reader.at] !== ']') {
    if (pattern[reader.at] === '\\') reader.at += 2
    else if (pattern.startsWith('[:', reader.at)) reader.at = Math.max(pattern.indexOf(':]', reader.at), reader.at) + 2
    else reader.at++
  }
  reader.at++
  return unknown
}

function escaped(reader: Cursor): Head {
  const next = reader.pattern[reader.at + 1] ?? ''
  if (next === 'Q') {
    const close = reader.pattern.indexOf('\\E', reader.at)
    reader.at = close === -1 ? reader.pattern.length : close + 2
    return unknown
  }
  reader.at += 2
  if (/[AbBz]/.test(next)) {
    reader.conditional = true
    return nothing
  }
  if (/[0-9A-Za-z]/.test(next)) return unknown
  return { text: next, exact: true }
}

function common(left: Head, right: Head): Head {
  let length = 0
  while (length < left.text.length && left.text[length] === right.text[length]) length++
  return { text: left.text.slice(0, length), exact: left.exact && right.exact && left.text === right.text }
}
