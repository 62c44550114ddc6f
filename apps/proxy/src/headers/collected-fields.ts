import type { HeaderName } from './header-name.ts'
import type { ReceivedFields } from './received-fields.ts'

const none: readonly string[] = []

/** Lines of a message whose protocol has no such thing as `Connection`; whoever adds them has checked them. */
export class CollectedFields implements ReceivedFields {
  readonly nominated = none
  flags = 0
  /** Characters of all names and values. */
  textLength = 0
  readonly #names: HeaderName[] = []
  readonly #values: string[] = []

  get length(): number {
    return this.#names.length
  }

  /** Adds a line. */
  push(name: HeaderName, value: string): void {
    this.flags |= name.flags
    this.textLength += name.text.length + value.length
    this.#names.push(name)
    this.#values.push(value)
  }

  name(index: number): HeaderName {
    const name = this.#names[index]
    if (name === undefined) throw new RangeError(`no field ${index}`)
    return name
  }

  value(index: number): string {
    const value = this.#values[index]
    if (value === undefined) throw new RangeError(`no field ${index}`)
    return value
  }

  get(lower: string): string | undefined {
    let joined: string | undefined
    for (let at = 0; at < this.#names.length; at++) {
      if (this.#names[at]?.lower !== lower) continue
      joined = joined === undefined ? this.#values[at] : `${joined}, ${this.#values[at]}`
    }
    return joined
  }
}
