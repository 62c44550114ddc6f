/** The test of an expression that needs no engine. */
export type PathTest = (path: string) => boolean

/** Which ASCII characters a piece takes: 1 at their codes. */
type CharacterSet = Uint8Array

/** Sets by the classes they were read from, to be shared by many expressions. */
export type CharacterSets = Map<string, Uint8Array>

/** A part of a simple expression; parts follow one another. */
type Part =
  | { readonly kind: 'text'; readonly text: string }
  /** One of these; none begins with another. */
  | { readonly kind: 'choice'; readonly texts: readonly string[] }
  /** Characters of a set, as many as there are. */
  | { readonly kind: 'set'; readonly set: CharacterSet; readonly least: 0 | 1; readonly most: 1 | undefined }
  /** A slash or the end; nothing follows. */
  | { readonly kind: 'boundary' }
  /** The end. */
  | { readonly kind: 'end' }

/**
 * A test for an expression over paths that can be done in one pass from left to right, because at each character only
 * one continuation is possible: texts, classes and their repetitions as in `^(?:/users/[^/]+/orders/[0-9]+)$`, which is
 * how most expressions of routes look. It needs a tenth of the time and of the memory of an engine.
 *
 * Undefined for every expression that is not of this kind, or where there is any doubt: those, and mistakes, are left to
 * the engine. `engine` is asked about a path beyond ASCII, which a canonical path never is. Classes are taken from `sets` where they
 * are known.
 */
export function simpleExpression(
  source: string,
  engine: () => PathTest,
  sets: CharacterSets = new Map(),
): PathTest | undefined {
  if (!source.startsWith('^')) return undefined
  const reader = new Reader(source.slice(1), sets)
  const parts = reader.sequence()
  if (parts === undefined || !reader.done || !isDeterministic(parts)) return undefined
  const merged = mergeTexts(parts)
  return (path) => outcome(merged, path) ?? engine()(path)
}

/** Whether the parts take the beginning of the path; undefined when that is not to be decided here. */
function outcome(parts: readonly Part[], path: string): boolean | undefined {
  let at = 0
  for (const part of parts) {
    switch (part.kind) {
      case 'text':
        if (!path.startsWith(part.text, at)) return false
        at += part.text.length
        break
      case 'choice': {
        const text = part.texts.find((one) => path.startsWith(one, at))
        if (text === undefined) return false
        at += text.length
        break
      }
      case 'set': {
        const limit = part.most === undefined ? path.length : Math.min(path.length, at + part.most)
        const start = at
        while (at < limit && part.set[path.charCodeAt(at)] === 1) at++
        if (at < limit && path.charCodeAt(at) > 127) return undefined
        if (at - start < part.least) return false
        break
      }
      case 'boundary':
        return at === path.length || path.charCodeAt(at) === slash
      case 'end':
        return at === path.length
    }
  }
  return true
}

const slash = 0x2f

/** Whether no part that may take more or less leaves a choice of where the next one begins. */
function isDeterministic(parts: readonly Part[]): boolean {
  for (const [index, part] of parts.entries()) {
    if (part.kind === 'boundary' || part.kind === 'end') return index === parts.length - 1
    if (part.kind !== 'set' || (part.least === 1 && part.most === 1)) continue
    const after = firstOf(parts.slice(index + 1))
    if (part.set.some((taken, code) => taken === 1 && after[code] === 1)) return false
  }
  return true
}

/** The characters that parts may begin with. */
function firstOf(parts: readonly Part[]): CharacterSet {
  const first = new Uint8Array(128)
  for (const part of parts) {
    if (part.kind === 'end') break
    if (part.kind === 'text') first[part.text.charCodeAt(0)] = 1
    if (part.kind === 'choice') for (const text of part.texts) first[text.charCodeAt(0)] = 1
    if (part.kind === 'boundary') first[slash] = 1
    if (part.kind === 'set') for (const [code, taken] of part.set.entries()) first[code] = (first[code] ?? 0) | taken
    if (part.kind !== 'set' || part.least > 0) break
  }
  return first
}

function mergeTexts(parts: readonly Part[]): readonly Part[] {
  const merged: Part[] = []
  for (const part of parts) {
    const last = merged.at(-1)
    if (part.kind === 'text' && last?.kind === 'text')
      merged[merged.length - 1] = { kind: 'text', text: last.text + part.text }
    else merged.push(part)
  }
  return merged
}

/** Characters that stand for themselves, outside of classes and in them. */
const plain = /[A-Za-z0-9/_~%@!,;=:&'"<> `#-]/
const plainInClass = /[A-Za-z0-9/_~%@!,;=:'"<> .+*?$(){}|]/
const escapable = /[\\.+*?()|[\]{}^$/-]/
const word = /[A-Za-z0-9_]/

/** Reads an expression into parts; every method gives undefined where the expression is not simple. */
class Reader {
  readonly #source: string
  readonly #sets: CharacterSets
  #at = 0

  constructor(source: string, sets: CharacterSets) {
    this.#source = source
    this.#sets = sets
  }

  get done(): boolean {
    return this.#at === this.#source.length
  }

  /** Up to the end, or to a parenthesis or bar that somebody else has to deal with. */
  sequence(): Part[] | undefined {
    const parts: Part[] = []
    while (!this.done && !this.#sees(')') && !this.#sees('|')) {
      const found = this.#sees('(') ? this.#group() : this.#single()
      if (found === undefined) return undefined
      parts.push(...found)
    }
    return parts
  }

  #sees(text: string): boolean {
    return this.#source.startsWith(text, this.#at)
  }

  #takes(text: string): boolean {
    if (!this.#sees(text)) return false
    this.#at += text.length
    return true
  }

  /** A group without repetition: its parts, or a choice of texts. */
  #group(): Part[] | undefined {
    if (this.#takes('(?:/|$)')) return this.#repeats() ? undefined : [{ kind: 'boundary' }]
    if (this.#sees('(?') && !this.#sees('(?:')) return undefined
    if (!this.#takes('(?:') && !this.#takes('(')) return undefined
    const branches: Part[][] = []
    do {
      const branch = this.sequence()
      if (branch === undefined) return undefined
      branches.push(branch)
    } while (this.#takes('|'))
    if (!this.#takes(')') || this.#repeats()) return undefined
    return branches.length === 1 ? branches[0] : choiceOf(branches)
  }

  #repeats(): boolean {
    return /[*+?{]/.test(this.#source[this.#at] ?? '')
  }

  /** A character, a class or the end, with its repetition. */
  #single(): Part[] | undefined {
    if (this.#takes('$')) return this.#repeats() ? undefined : [{ kind: 'end' }]
    const start = this.#at
    const read = this.#set()
    if (read === undefined) return undefined
    const set = typeof read === 'string' ? read : this.#shared(this.#source.slice(start, this.#at), read)
    const operator = /^[*+?]/.exec(this.#source.slice(this.#at, this.#at + 1))?.[0]
    if (operator !== undefined) this.#at++
    if (this.#repeats()) return undefined // lazy, doubled, counted
    if (operator === undefined)
      return [typeof set === 'string' ? { kind: 'text', text: set } : { kind: 'set', set, least: 1, most: 1 }]
    const characters = typeof set === 'string' ? setOf((character) => character === set) : set
    return [{ kind: 'set', set: characters, least: operator === '+' ? 1 : 0, most: operator === '?' ? 1 : undefined }]
  }

  #shared(text: string, set: CharacterSet): CharacterSet {
    const known = this.#sets.get(text) ?? set
    this.#sets.set(text, known)
    return known
  }

  /** One character, or a set of them. */
  #set(): string | CharacterSet | undefined {
    const next = this.#source[this.#at] ?? ''
    if (plain.test(next)) {
      this.#at++
      return next
    }
    if (this.#takes('.')) return setOf((character) => character !== '\n')
    if (this.#takes('[')) return this.#class()
    return this.#escape()
  }

  #escape(): string | CharacterSet | undefined {
    if (!this.#takes('\\')) return undefined
    const next = this.#source[this.#at++] ?? ''
    if (next === 'd') return setOf((character) => character >= '0' && character <= '9')
    if (next === 'w') return setOf((character) => word.test(character))
    return escapable.test(next) ? next : undefined
  }

  #class(): CharacterSet | undefined {
    const negated = this.#takes('^')
    const taken = new Uint8Array(128)
    const start = this.#at
    while (!this.#sees(']')) {
      const piece = this.#classPiece(start)
      if (piece === undefined) return undefined
      for (const [code, one] of piece.entries()) taken[code] = (taken[code] ?? 0) | one
    }
    if (this.#at === start) return undefined
    this.#at++
    return negated ? taken.map((one) => 1 - one) : taken
  }

  /** A range, a character or an escape inside of a class that began at `start`. */
  #classPiece(start: number): CharacterSet | undefined {
    const range = /^(?:([a-z])-([a-z])|([A-Z])-([A-Z])|([0-9])-([0-9]))/.exec(
      this.#source.slice(this.#at, this.#at + 3),
    )
    if (range !== null) {
      const [low = '', high = ''] = range.slice(1).filter((one) => one !== undefined)
      this.#at += 3
      return low <= high ? setOf((character) => character >= low && character <= high) : undefined
    }
    const next = this.#source[this.#at] ?? ''
    const hyphen = next === '-' && (this.#at === start || this.#source[this.#at + 1] === ']')
    if (!hyphen && !plainInClass.test(next)) return this.#classEscape()
    if (!hyphen && this.#hyphenFollows(1)) return undefined
    this.#at++
    return setOf((character) => character === next)
  }

  /** Whether a hyphen comes after so many characters that is not the last of the class: a range of an unusual kind. */
  #hyphenFollows(offset: number): boolean {
    const at = this.#at + offset
    return this.#source[at] === '-' && this.#source[at + 1] !== ']'
  }

  #classEscape(): CharacterSet | undefined {
    const escaped = this.#escape()
    if (escaped === undefined || this.#hyphenFollows(0)) return undefined
    return typeof escaped === 'string' ? setOf((character) => character === escaped) : escaped
  }
}

/** Branches as a choice: each a text, none the beginning of another. */
function choiceOf(branches: readonly (readonly Part[])[]): Part[] | undefined {
  const texts: string[] = []
  for (const branch of branches) {
    const [only, ...more] = mergeTexts(branch)
    if (only?.kind !== 'text' || more.length > 0) return undefined
    texts.push(only.text)
  }
  const overlap = texts.some((one, index) => texts.some((other, place) => place !== index && other.startsWith(one)))
  return overlap ? undefined : [{ kind: 'choice', texts }]
}

function setOf(holds: (character: string) => boolean): CharacterSet {
  return Uint8Array.from({ length: 128 }, (_, code) => (holds(String.fromCharCode(code)) ? 1 : 0))
}
