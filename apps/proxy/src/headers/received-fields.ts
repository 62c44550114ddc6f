import { namedFields } from './connection-options.ts'
import { type HeaderName, headerName } from './header-name.ts'

/**
 * Header or trailer lines as a peer sent them, in order. Whoever read them has checked them: names are tokens, values
 * hold no character that could break a message. The codec's `Fields` are of this kind.
 */
export interface ReceivedFields {
  /** Number of lines. */
  readonly length: number
  /** The flags of all names together: whether a name of some kind is among them. */
  readonly flags: number
  /** Names in lower case that `Connection` lists as meant for this hop only. */
  readonly nominated: readonly string[]
  /** @throws RangeError when there is no such line */
  name(index: number): HeaderName
  /** @throws RangeError when there is no such line */
  value(index: number): string
  /** The lines of a name joined by ", "; undefined without one. `lower` must be in lower case. */
  get(lower: string): string | undefined
}

/** Lines that another library read and gave as names and values in turn. */
export class FlatFields implements ReceivedFields {
  readonly length: number
  readonly #lines: readonly string[]
  #flags: number | undefined = undefined

  /** @param lines names and values in turn; an odd one at the end is ignored */
  constructor(lines: readonly string[]) {
    this.#lines = lines
    this.length = lines.length >> 1
  }

  get flags(): number {
    this.#flags ??= this.#collectFlags()
    return this.#flags
  }

  get nominated(): readonly string[] {
    const connection = this.get('connection')
    return connection === undefined ? [] : [...(namedFields(connection) ?? [])]
  }

  name(index: number): HeaderName {
    return headerName(this.#at(index * 2))
  }

  value(index: number): string {
    return this.#at(index * 2 + 1)
  }

  get(lower: string): string | undefined {
    let joined: string | undefined
    for (let index = 0; index < this.length; index++) {
      if (this.name(index).lower !== lower) continue
      joined = joined === undefined ? this.value(index) : `${joined}, ${this.value(index)}`
    }
    return joined
  }

  #at(place: number): string {
    const text = this.#lines[place]
    if (text === undefined) throw new RangeError(`no field ${place >> 1}`)
    return text
  }

  #collectFlags(): number {
    let flags = 0
    for (let index = 0; index < this.length; index++) flags |= this.name(index).flags
    return flags
  }
}
