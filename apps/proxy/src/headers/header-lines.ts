import { FieldLines, Fields, isFieldValue, nameFlag, WriteError } from '@vrata/http1'
import { type HeaderName, headerName } from './header-name.ts'
import type { ReceivedFields } from './received-fields.ts'

/** Meant for one hop, or about the framing, which each side makes anew (RFC 9110, 7.6.1). */
const neverPassed = nameFlag.hopByHop | nameFlag.reserved

/**
 * Adds the lines of a received message that may pass to those of a new one: not those meant for one hop, by their name
 * or because the message says so.
 *
 * @param left bits of names that do not pass either
 */
export function copyPassing(
  received: ReceivedFields,
  left: number,
  sink: { addReceived(name: HeaderName, value: string): unknown },
): void {
  if (received instanceof Fields && sink instanceof FieldLines) {
    sink.copyForwarded(received, left)
    return
  }
  const skipped = neverPassed | left
  const { nominated } = received
  for (let at = 0; at < received.length; at++) {
    const name = received.name(at)
    if ((name.flags & skipped) !== 0) continue
    if (nominated.length > 0 && nominated.includes(name.lower)) continue
    sink.addReceived(name, received.value(at))
  }
}

/**
 * Header lines of a message on its way through the gateway, in order, for whatever protocol is spoken on the other side.
 * Nothing about framing or the connection is among them. Those that pass as they were received are taken apart only when
 * somebody looks at them.
 */
export class HeaderLines {
  #passing: ReceivedFields | undefined = undefined
  #left = 0
  readonly #names: HeaderName[] = []
  readonly #values: string[] = []
  #flags = 0

  /** Begins with those of a received message that may pass. `left`: bits of names that do not pass either. */
  static passing(received: ReceivedFields, left: number): HeaderLines {
    const lines = new HeaderLines()
    lines.#passing = received
    lines.#left = left
    return lines
  }

  get names(): readonly HeaderName[] {
    this.#takeApart()
    return this.#names
  }

  /** At the same positions as `names`. */
  get values(): readonly string[] {
    this.#takeApart()
    return this.#values
  }

  /** The flags of all names that were ever added, together. */
  get flags(): number {
    this.#takeApart()
    return this.#flags
  }

  /** Takes over a line that was received: its value has been checked by whoever read it. */
  push(name: HeaderName, value: string): void {
    this.#names.push(name)
    this.#values.push(value)
    this.#flags |= name.flags
  }

  /**
   * Adds a line of our own.
   * @throws WriteError when the value could break the message; TypeError when the name could
   */
  add(name: string, value: string): void {
    if (!isFieldValue(value)) throw new WriteError('field_value_malformed', name)
    this.push(headerName(name), value)
  }

  /** Names and values in turn. */
  toFlat(): string[] {
    const { names, values } = this
    const flat: string[] = []
    for (let at = 0; at < names.length; at++) flat.push(names[at]?.text ?? '', values[at] ?? '')
    return flat
  }

  /** For the HTTP/1.1 codec. @throws WriteError for a line that the codec writes itself */
  toFieldLines(): FieldLines {
    const lines = new FieldLines()
    if (this.#passing !== undefined) copyPassing(this.#passing, this.#left, lines)
    for (let at = 0; at < this.#names.length; at++) {
      const name = this.#names[at]
      if (name !== undefined) lines.addReceived(name, this.#values[at] ?? '')
    }
    return lines
  }

  /** Puts the lines that pass in front of the others, one by one. */
  #takeApart(): void {
    const passing = this.#passing
    if (passing === undefined) return
    this.#passing = undefined
    const ours = this.#names.splice(0)
    const values = this.#values.splice(0)
    copyPassing(passing, this.#left, { addReceived: (name, value) => this.push(name, value) })
    for (let at = 0; at < ours.length; at++) {
      const name = ours[at]
      if (name !== undefined) this.push(name, values[at] ?? '')
    }
  }
}
