import { hkdfSync, randomBytes } from 'node:crypto'
import type { Clock } from '../../clock.ts'

/** Bytes of a secret, and of the keys that are made from it. */
const size = 48

/** How long a secret is used, in milliseconds: whoever learns one can read what was encrypted in this time at most. */
const lifetime = 12 * 3_600_000

/** A new secret. It is kept in memory alone. */
function newSecret(): Uint8Array {
  return new Uint8Array(randomBytes(size))
}

/**
 * What the keys of all session tickets are made from. They outlive a change of certificates, so that sessions are
 * resumed. Processes that share their ports have the same secret, as a client may come back to any of them.
 */
export class TicketSecret {
  #secret = newSecret()
  readonly #listening = new Set<() => void>()

  /** Keys for a use of its own: tickets of one use are worth nothing for another. */
  keysFor(use: string): Buffer {
    return Buffer.from(hkdfSync('sha256', this.#secret, '', use, size))
  }

  /** Tickets of before are not taken any more: whoever has one makes a full handshake. */
  replace(secret: Uint8Array): void {
    this.#secret = secret
    for (const tell of this.#listening) tell()
  }

  /** `tell` is called when there are other keys. @returns takes that back */
  onReplaced(tell: () => void): () => void {
    this.#listening.add(tell)
    return () => this.#listening.delete(tell)
  }
}

/** Makes a secret, and another one whenever its time is over. */
export class TicketRotation implements Disposable {
  readonly #clock: Clock
  readonly #onNew: (secret: Uint8Array) => void
  #current = newSecret()
  #cancel: () => void

  /** @param onNew hears every secret but the first */
  constructor(clock: Clock, onNew: (secret: Uint8Array) => void) {
    this.#clock = clock
    this.#onNew = onNew
    this.#cancel = clock.after(lifetime, () => this.#rotate())
  }

  get current(): Uint8Array {
    return this.#current
  }

  #rotate(): void {
    this.#current = newSecret()
    this.#cancel = this.#clock.after(lifetime, () => this.#rotate())
    this.#onNew(this.#current)
  }

  [Symbol.dispose](): void {
    this.#cancel()
  }
}
