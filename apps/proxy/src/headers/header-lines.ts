import { FieldLines, isFieldValue, WriteError } from '@vrata/http1'
import { type HeaderName, headerName } from './header-name.ts'

/**
 * Header lines of a message on its way through the gateway, in order, for whatever protocol is spoken on the other side.
 * Nothing about framing or the connection is among them.
 */
export class HeaderLines {
  readonly names: HeaderName[] = []
  /** At the same positions as `names`. */
  readonly values: string[] = []
  /** The flags of all names that were ever added, together. */
  flags = 0

  get length(): number {
    return this.names.length
  }

  /** Takes over a line that was received: its value has been checked by whoever read it. */
  push(name: HeaderName, value: string): void {
    this.names.push(name)
    this.values.push(value)
    this.flags |= name.flags
  }

  /**
   * Adds a line of our own.
   * @throws WriteError when the value could break the message; TypeError when the name could
   */
  add(name: string, value: string): void {
    if (!isFieldValue(value)) throw new WriteError('field_value_malformed', name)
    this.push(headerName(name), value)
  }

  /** The lines of a name joined by ", "; undefined without one. `lower` must be in lower case. */
  get(lower: string): string | undefined {
    let joined: string | undefined
    for (let at = 0; at < this.names.length; at++) {
      if (this.names[at]?.lower !== lower) continue
      joined = joined === undefined ? this.values[at] : `${joined}, ${this.values[at]}`
    }
    return joined
  }

  /** Takes out all lines of a name, given in lower case. */
  remove(lower: string): void {
    let kept = 0
    for (let at = 0; at < this.names.length; at++) {
      const name = this.names[at]
      if (name === undefined || name.lower === lower) continue
      this.names[kept] = name
      this.values[kept++] = this.values[at] ?? ''
    }
    this.names.length = kept
    this.values.length = kept
  }

  /** Names and values in turn. */
  toFlat(): string[] {
    const flat: string[] = []
    for (let at = 0; at < this.names.length; at++) flat.push(this.names[at]?.text ?? '', this.values[at] ?? '')
    return flat
  }

  /** For the HTTP/1.1 codec. @throws WriteError for a line that the codec writes itself */
  toFieldLines(): FieldLines {
    const lines = new FieldLines()
    const { names, values } = this
    for (let at = 0; at < names.length; at++) {
      const name = names[at]
      if (name !== undefined) lines.addReceived(name, values[at] ?? '')
    }
    return lines
  }
}
