import { type FieldName, fieldName, nameFlag } from './field-names.ts'
import type { Fields } from './fields.ts'
import { WriteError } from './reasons.ts'

/** Anything above 255 would be cut to one byte on the wire, which could make a CR or LF of it. */
const valueCharacters = /^[\t -~\x80-\xff]*$/

/** Whether a text can be written as a header value: one character per byte, no control character but tab. RFC 9110, 5.5 */
export function isFieldValue(text: string): boolean {
  return valueCharacters.test(text)
}

/**
 * Header or trailer lines to write, in the order in which they are added. Lines that were parsed are taken over
 * unchecked, because the parser checked them; others are checked here, once. The lines about framing and connection
 * (Content-Length, Transfer-Encoding, Connection, Upgrade, Host, Expect) are the codec's: it writes them from what it is
 * told beside the lines, and refuses them here.
 */
export class FieldLines {
  #text: string
  #flags: number

  /** @param begun lines to begin with; they stay as they are */
  constructor(begun?: FieldLines) {
    this.#text = begun === undefined ? '' : begun.#text
    this.#flags = begun === undefined ? 0 : begun.#flags
  }

  /** All lines as they will stand on the wire. */
  get text(): string {
    return this.#text
  }

  /** The bits of all names together: whether a name of some kind is among them. */
  get flags(): number {
    return this.#flags
  }

  /**
   * Adds a line.
   * @throws WriteError `field_name_malformed`, `field_value_malformed` or `field_reserved`
   */
  add(name: string, value: string): this {
    const known = fieldName(name)
    if (known === undefined) throw new WriteError('field_name_malformed', JSON.stringify(name))
    return this.addKnown(known, value)
  }

  /**
   * Adds a line whose name is interned already.
   * @throws WriteError `field_value_malformed` or `field_reserved`
   */
  addKnown(name: FieldName, value: string): this {
    if ((name.flags & nameFlag.reserved) !== 0) throw new WriteError('field_reserved', name.text)
    if (!valueCharacters.test(value)) throw new WriteError('field_value_malformed', name.text)
    this.#append(name, value)
    return this
  }

  /** Takes over line `index` of a received message. @throws WriteError `field_reserved`; RangeError for no such line */
  copy(from: Fields, index: number): this {
    const name = from.name(index)
    if ((name.flags & nameFlag.reserved) !== 0) throw new WriteError('field_reserved', name.text)
    this.#append(name, from.value(index))
    return this
  }

  /**
   * Takes over a line of a received message that was taken apart. `value` must be one that a parser gave out, or made of
   * such: it is not checked again.
   * @throws WriteError `field_reserved`
   */
  addReceived(name: FieldName, value: string): this {
    if ((name.flags & nameFlag.reserved) !== 0) throw new WriteError('field_reserved', name.text)
    this.#append(name, value)
    return this
  }

  /**
   * Takes over every line that may be forwarded: not the codec's own, not hop-by-hop, not named in Connection. Lines
   * that stand together are taken over together.
   *
   * @param left bits of names that are not to be taken over either
   */
  copyForwarded(from: Fields, left = 0): this {
    const skipped = nameFlag.reserved | nameFlag.hopByHop | left
    const nominated = from.nominated.length > 0
    let begin = 0 // of the lines that wait to be taken over together
    for (let index = 0; index < from.length; index++) {
      const name = from.name(index)
      const passes = (name.flags & skipped) === 0 && !(nominated && from.isHopByHop(index))
      if (passes && from.isPlain(index)) {
        this.#flags |= name.flags
        continue
      }
      if (begin < index) this.#text += from.lines(begin, index)
      begin = index + 1
      if (passes) this.#append(name, from.value(index))
    }
    if (begin < from.length) this.#text += from.lines(begin, from.length)
    return this
  }

  #append(name: FieldName, value: string): void {
    this.#text += `${name.prefix}${value}\r\n`
    this.#flags |= name.flags
  }
}
