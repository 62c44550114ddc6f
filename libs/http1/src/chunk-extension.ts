type State =
  | 'after-size'
  | 'before-name'
  | 'name'
  | 'after-name'
  | 'before-value'
  | 'value'
  | 'quoted'
  | 'escaped'
  | 'after-value'

const tokenBytes = new Uint8Array(256)
for (const character of "!#$%&'*+.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-") {
  tokenBytes[character.charCodeAt(0)] = 1
}

const quote = 34
const semicolon = 59
const equals = 61
const backslash = 92

function isBlank(byte: number): boolean {
  return byte === 32 || byte === 9
}

/**
 * Checks chunk extensions byte by byte and keeps nothing of them: a gateway has no use for any. White space is allowed
 * where the grammar has it for history's sake, around ";" and "=", never before the end of the line. RFC 9112, 7.1.1
 */
export class ChunkExtension {
  #state: State = 'after-size'

  /** Begins behind a chunk size. */
  restart(): void {
    this.#state = 'after-size'
  }

  /** Whether the line may end here. */
  get complete(): boolean {
    return this.#state === 'name' || this.#state === 'value' || this.#state === 'after-value'
  }

  /** Takes one byte that is not CR, LF or another control character but tab; false when the grammar has no place for it. */
  accept(byte: number): boolean {
    const next = step(this.#state, byte)
    if (next === undefined) return false
    this.#state = next
    return true
  }
}

function step(state: State, byte: number): State | undefined {
  switch (state) {
    case 'after-size':
      return byte === semicolon ? 'before-name' : isBlank(byte) ? 'after-size' : undefined
    case 'before-name':
      return tokenBytes[byte] === 1 ? 'name' : isBlank(byte) ? 'before-name' : undefined
    case 'name':
      return tokenBytes[byte] === 1 ? 'name' : afterName(byte)
    case 'after-name':
      return afterName(byte)
    case 'before-value':
      if (byte === quote) return 'quoted'
      return tokenBytes[byte] === 1 ? 'value' : isBlank(byte) ? 'before-value' : undefined
    case 'value':
      return tokenBytes[byte] === 1
        ? 'value'
        : byte === semicolon
          ? 'before-name'
          : isBlank(byte)
            ? 'after-size'
            : undefined
    case 'quoted':
      return byte === quote ? 'after-value' : byte === backslash ? 'escaped' : 'quoted'
    case 'escaped':
      return 'quoted'
    case 'after-value':
      return byte === semicolon ? 'before-name' : isBlank(byte) ? 'after-size' : undefined
  }
}

function afterName(byte: number): State | undefined {
  if (byte === semicolon) return 'before-name'
  if (byte === equals) return 'before-value'
  return isBlank(byte) ? 'after-name' : undefined
}
