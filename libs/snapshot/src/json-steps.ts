import type { Steps } from './slices.ts'

/** How the text of a value becomes the value. Throws `SyntaxError` for what is not JSON. */
export type ReadValue = (text: string) => unknown

const parse: ReadValue = (text) => JSON.parse(text)

/**
 * What `JSON.parse` makes of a text, step by step: `depth` levels of arrays and objects are walked here, and what they
 * hold is read by `read`, one value at a step. For texts of which `JSON.parse` would hold everything else up.
 *
 * @throws {SyntaxError} where `JSON.parse` does; it does not say where in the text
 */
export function* jsonSteps(text: string, depth: number, read: ReadValue = parse): Steps<unknown> {
  const reader = new Reader(text, read)
  const value = yield* reader.value(depth)
  reader.end()
  return value
}

const quote = 0x22
const comma = 0x2c
const colon = 0x3a
const backslash = 0x5c
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

class Reader {
  readonly #text: string
  readonly #read: ReadValue
  #at = 0

  constructor(text: string, read: ReadValue) {
    this.#text = text
    this.#read = read
  }

  *value(depth: number): Steps<unknown> {
    const next = this.#next()
    if (depth > 0 && next === openBrace) return yield* this.#object(depth - 1)
    if (depth > 0 && next === openBracket) return yield* this.#array(depth - 1)
    yield
    return this.#read(this.#take())
  }

  end(): void {
    this.#next()
    if (this.#at < this.#text.length) throw new SyntaxError('something follows the value')
  }

  *#array(depth: number): Steps<unknown[]> {
    const items: unknown[] = []
    if (this.#isEmpty(closeBracket)) return items
    do items.push(yield* this.value(depth))
    while (this.#goesOn(closeBracket))
    return items
  }

  *#object(depth: number): Steps<object> {
    const members: [string, unknown][] = []
    if (this.#isEmpty(closeBrace)) return {}
    do {
      if (this.#next() !== quote) throw new SyntaxError('a member has no name')
      const name = String(parse(this.#take()))
      if (this.#next() !== colon) throw new SyntaxError('a member has no value')
      this.#at++
      members.push([name, yield* this.value(depth)])
    } while (this.#goesOn(closeBrace))
    return Object.fromEntries(members)
  }

  /** Passes the opening bracket, and the closing one if nothing stands between. */
  #isEmpty(close: number): boolean {
    this.#at++
    if (this.#next() !== close) return false
    this.#at++
    return true
  }

  /** Passes a comma or the closing bracket; whether it was a comma. */
  #goesOn(close: number): boolean {
    const next = this.#next()
    if (next !== comma && next !== close) throw new SyntaxError('neither a comma nor an end')
    this.#at++
    return next === comma
  }

  /** The next character that is no white space, not passed; NaN at the end. */
  #next(): number {
    while (isSpace(this.#text.charCodeAt(this.#at))) this.#at++
    return this.#text.charCodeAt(this.#at)
  }

  /** The text of the next value; of what is no value, any text that is none either. */
  #take(): string {
    const begin = this.#at
    this.#at = endOfValue(this.#text, begin)
    return this.#text.slice(begin, this.#at)
  }
}

function isSpace(unit: number): boolean {
  return unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09
}

/** Where a value ends that begins here. Brackets are only counted: whether they fit is seen by who reads the value. */
function endOfValue(text: string, begin: number): number {
  let open = 0
  for (let at = begin; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit === quote) {
      at = closingQuote(text, at)
      if (open === 0) return at + 1
    } else if (unit === openBrace || unit === openBracket) open++
    else if (unit === closeBrace || unit === closeBracket) {
      if (open === 0) return at
      open--
      if (open === 0) return at + 1
    } else if (open === 0 && (unit === comma || isSpace(unit))) return at
  }
  return text.length
}

function closingQuote(text: string, opening: number): number {
  for (let at = opening + 1; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit === quote) return at
    if (unit === backslash) at++
  }
  return text.length
}
