import { pointer } from '@vrata/notation'
import type { JsonProblem } from './read-json.ts'

const quoteMark = 0x22
const backslash = 0x5c
const maxProblems = 500

/** One list or object that is open at the current place. */
interface Level {
  /** Names seen so far; undefined for lists. */
  names: Set<string> | undefined
  /** The member or index that the current value belongs to. */
  step: string | number
  /** The next string is a name. */
  expectsName: boolean
}

/**
 * Walks once over a JSON text, without recursion, and finds what JSON.parse does not complain about: repeated names, too
 * many levels, halves of surrogate pairs. Stops at the first place that is too deep. Any text may be given; of one that
 * is not JSON the findings are of no use, but it ends.
 */
export function findJsonProblems(text: string, maxDepth: number): JsonProblem[] {
  return new Scanner(text, maxDepth).run()
}

class Scanner {
  readonly #text: string
  readonly #maxDepth: number
  readonly #levels: Level[] = []
  /** Sets of closed objects, cleared, for the next ones: most objects of a document are small and short-lived. */
  readonly #spare: Set<string>[] = []
  readonly #problems: JsonProblem[] = []
  /** Index of the first backslash at or after the current place, or the length of the text. */
  #backslash = -1

  constructor(text: string, maxDepth: number) {
    this.#text = text
    this.#maxDepth = maxDepth
  }

  run(): JsonProblem[] {
    const text = this.#text
    let level: Level | undefined
    for (let at = 0; at < text.length; at++) {
      switch (text.charCodeAt(at)) {
        case quoteMark: {
          const end = endOfString(text, at)
          if (level?.expectsName) this.#name(level, this.#string(at, end))
          else if (this.#nextBackslash(at) < end) this.#string(at, end)
          at = end
          break
        }
        case 0x7b: // {
          level = this.#open({ names: this.#spare.pop() ?? new Set(), step: '', expectsName: true })
          if (!level) return this.#problems
          break
        case 0x5b: // [
          level = this.#open({ names: undefined, step: 0, expectsName: false })
          if (!level) return this.#problems
          break
        case 0x7d: // }
        case 0x5d: // ]
          level = this.#close()
          break
        case 0x2c: // ,
          if (level?.names) level.expectsName = true
          else if (level) level.step = Number(level.step) + 1
          break
        default: // blanks, numbers, words, colons
      }
      if (this.#problems.length >= maxProblems) break
    }
    return this.#problems
  }

  #open(level: Level): Level | undefined {
    if (this.#levels.length >= this.#maxDepth) {
      this.#found(this.#path(), `nested deeper than ${this.#maxDepth} levels`, 'json.depth')
      return undefined
    }
    this.#levels.push(level)
    return level
  }

  #close(): Level | undefined {
    const names = this.#levels.pop()?.names
    if (names) {
      names.clear()
      this.#spare.push(names)
    }
    return this.#levels.at(-1)
  }

  #name(level: Level, name: string): void {
    level.step = name
    level.expectsName = false
    if (name === '__proto__') this.#found(this.#path(), 'this name cannot be used', 'json.name')
    if (level.names?.has(name)) this.#found(this.#path(), 'this name stands twice in its object', 'json.duplicate')
    level.names?.add(name)
  }

  /** The string between two quote marks, decoded. */
  #string(start: number, end: number): string {
    const raw = this.#text.slice(start + 1, end)
    if (!raw.includes('\\')) return raw
    const decoded = decode(this.#text.slice(start, end + 1))
    if (!decoded.isWellFormed()) this.#found(this.#path(), 'half of a surrogate pair is not text', 'json.text')
    return decoded
  }

  #nextBackslash(from: number): number {
    if (this.#backslash < from) {
      const found = this.#text.indexOf('\\', from)
      this.#backslash = found < 0 ? this.#text.length : found
    }
    return this.#backslash
  }

  #path(): string {
    return pointer(...this.#levels.map((level) => level.step))
  }

  #found(where: string, message: string, code: JsonProblem['code']): void {
    this.#problems.push({ pointer: where, message, code })
  }
}

/** Index of the quote mark that closes the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0
    while (text.charCodeAt(at - 1 - slashes) === backslash) slashes++
    if (slashes % 2 === 0) return at
  }
  return text.length
}

/** The text that a JSON string stands for; the string itself if it is not one. */
function decode(string: string): string {
  try {
    return String(JSON.parse(string))
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return string
    throw thrown
  }
}
