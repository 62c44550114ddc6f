type Expected = 'value' | 'value or ]' | 'name' | 'name or }' | ':' | ', or end' | 'nothing'

const blank = /[ \t\n\r]*/y
const scalar = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/y
const escapeSequence = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y

/**
 * Index of the first character that cannot belong to a JSON text (its length when the text ends too early), or
 * undefined when it is one. JSON.parse decides what is JSON; this only tells where it went wrong, which JSON.parse says
 * in few cases, and quotes nothing. Linear, no recursion.
 */
export function jsonErrorAt(text: string): number | undefined {
  const open: string[] = []
  let expected: Expected = 'value'
  let at = after(blank, text, 0)
  while (at < text.length) {
    const char = text[at] ?? ''
    const next = advance(char, expected, open)
    if (next === undefined) return at
    const end = tokenEnd(char, text, at)
    if (end.bad !== undefined) return end.bad
    expected = next
    at = after(blank, text, end.end)
  }
  return expected === 'nothing' ? undefined : text.length
}

/** What is expected after a token that begins with the character; undefined when none may begin so. */
function advance(char: string, expected: Expected, open: string[]): Expected | undefined {
  const value = expected === 'value' || expected === 'value or ]'
  if (char === '{' && value) return opened(open, char, 'name or }')
  if (char === '[' && value) return opened(open, char, 'value or ]')
  if (char === '}') return open.at(-1) === '{' && /end|\}/.test(expected) ? closed(open) : undefined
  if (char === ']') return open.at(-1) === '[' && /end|\]/.test(expected) ? closed(open) : undefined
  if (char === ',') return expected === ', or end' ? (open.at(-1) === '{' ? 'name' : 'value') : undefined
  if (char === ':') return expected === ':' ? 'value' : undefined
  if (char === '"' && expected.startsWith('name')) return ':'
  return value && /["\-0-9tfn]/.test(char) ? ended(open) : undefined
}

function opened(open: string[], char: string, expected: Expected): Expected {
  open.push(char)
  return expected
}

function closed(open: string[]): Expected {
  open.pop()
  return ended(open)
}

function ended(open: readonly string[]): Expected {
  return open.length === 0 ? 'nothing' : ', or end'
}

type TokenEnd = { readonly end: number; readonly bad?: undefined } | { readonly bad: number }

function tokenEnd(char: string, text: string, at: number): TokenEnd {
  if (char === '"') return stringEnd(text, at)
  if (/[-0-9tfn]/.test(char)) {
    const end = after(scalar, text, at)
    return end === at ? { bad: at } : { end }
  }
  return { end: at + 1 }
}

function stringEnd(text: string, start: number): TokenEnd {
  let at = start + 1
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code === 0x22) return { end: at + 1 }
    if (code < 0x20) return { bad: at }
    const next = code === 0x5c ? after(escapeSequence, text, at) : at + 1
    if (next === at) return { bad: at }
    at = next
  }
  return { bad: text.length }
}

/** Index behind what the sticky expression matches at the place; the place itself when it does not match. */
function after(sticky: RegExp, text: string, at: number): number {
  sticky.lastIndex = at
  return at + (sticky.exec(text)?.[0].length ?? 0)
}
