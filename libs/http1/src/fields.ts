import { type FieldName, nameFlag } from './field-names.ts'

const tab = 9
const space = 32

/**
 * Header or trailer lines of one message as they were received, in order. Only interned names and positions are
 * stored; a value is cut out of the head's text when it is asked for.
 */
export class Fields {
  readonly #text: string
  readonly #names: FieldName[] = []
  /** Position after the colon of each line. The line ends at the next CR, which a checked text has in each line. */
  readonly #starts: number[] = []
  #nominated: readonly string[] | undefined = undefined
  #flags = 0
  /** Every line of the text is one of ours. */
  #whole = true

  /** Made by the parser only: `text` must have passed its checks, every line ended by CRLF. */
  constructor(text: string) {
    this.#text = text
  }

  /** Number of lines. */
  get length(): number {
    return this.#names.length
  }

  /** The flags of all names together: whether a name of some kind is among them. */
  get flags(): number {
    return this.#flags
  }

  /** At least as many characters as all names and values have together. */
  get textLength(): number {
    return this.#text.length
  }

  /** The parser's way to add a line. */
  push(name: FieldName, afterColon: number): void {
    this.#flags |= name.flags
    this.#names.push(name)
    this.#starts.push(afterColon)
  }

  /** The parser's way to note that a line of the text is left out. */
  leaveOut(): void {
    this.#whole = false
  }

  /** The parser's way to note which names (lower case) the Connection header lists. */
  nominate(names: readonly string[]): void {
    this.#nominated = this.#nominated === undefined ? names : [...this.#nominated, ...names]
  }

  /** Names of header lines, lower case, that the Connection header bound to this connection. */
  get nominated(): readonly string[] {
    return this.#nominated ?? []
  }

  /** The name of line `index`. @throws RangeError when there is no such line */
  name(index: number): FieldName {
    const name = this.#names[index]
    if (name === undefined) throw new RangeError(`no field ${index}`)
    return name
  }

  /** The value of line `index`, without white space around it; one character per byte (latin1). @throws RangeError */
  value(index: number): string {
    let start = this.#starts[index]
    if (start === undefined) throw new RangeError(`no field ${index}`)
    const text = this.#text
    let end = text.indexOf('\r', start)
    for (let code = text.charCodeAt(start); code === space || code === tab; code = text.charCodeAt(start)) start++
    while (end > start && isBlank(text.charCodeAt(end - 1))) end--
    return text.slice(start, end)
  }

  /** Whether line `index` is written as a serialiser would: one space before the value, none behind it. */
  isPlain(index: number): boolean {
    const start = this.#starts[index]
    if (start === undefined || !this.#whole) return false
    const text = this.#text
    const end = this.#lineStart(index + 1) - 2
    return (
      end - start > 1 &&
      text.charCodeAt(start) === space &&
      !isBlank(text.charCodeAt(start + 1)) &&
      !isBlank(text.charCodeAt(end - 1))
    )
  }

  /**
   * The text of the lines from `begin` to before `end`, each with its CRLF. Only where all of them are plain.
   * @throws RangeError for no such line
   */
  lines(begin: number, end: number): string {
    return this.#text.slice(this.#lineStart(begin), this.#lineStart(end))
  }

  #lineStart(index: number): number {
    const start = this.#starts[index]
    if (start !== undefined) return start - this.name(index).text.length - 1
    if (index === this.#starts.length) return this.#text.length
    throw new RangeError(`no field ${index}`)
  }

  /** The lines of a name joined by ", ", in order; undefined without one. `lower` must be in lower case. RFC 9110, 5.3 */
  get(lower: string): string | undefined {
    const names = this.#names
    let joined: string | undefined
    for (let index = 0; index < names.length; index++) {
      if (names[index]?.lower !== lower) continue
      joined = joined === undefined ? this.value(index) : `${joined}, ${this.value(index)}`
    }
    return joined
  }

  /** Each line of a name for itself: what Set-Cookie needs. `lower` must be in lower case. */
  all(lower: string): string[] {
    const found: string[] = []
    for (let index = 0; index < this.#names.length; index++) {
      if (this.#names[index]?.lower === lower) found.push(this.value(index))
    }
    return found
  }

  /** Whether a line of this name exists. `lower` must be in lower case. */
  has(lower: string): boolean {
    return this.#names.some((name) => name.lower === lower)
  }

  /**
   * Whether line `index` concerns only the connection it came on: by its name, or because Connection lists it. Host
   * and Content-Length can not be bound by listing them. RFC 9110, 7.6.1
   */
  isHopByHop(index: number): boolean {
    const name = this.name(index)
    if ((name.flags & nameFlag.hopByHop) !== 0) return true
    return (
      this.#nominated !== undefined && (name.flags & nameFlag.reserved) === 0 && this.#nominated.includes(name.lower)
    )
  }

  /** Name as written and value, line by line. */
  *[Symbol.iterator](): IterableIterator<readonly [string, string]> {
    for (let index = 0; index < this.#names.length; index++) yield [this.name(index).text, this.value(index)]
  }
}

function isBlank(code: number): boolean {
  return code === space || code === tab
}
