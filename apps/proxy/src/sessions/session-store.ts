/** What a client is pinned to. */
export interface Pin {
  /** Id of a destination, or `host:port` of an endpoint. */
  readonly target: string
  /** Milliseconds until the pin ends; infinite when it has no end. */
  readonly left: number
}

/** The answer of a store that could not be asked, refused, or did not answer in time: the caller goes on without. */
export const unanswered = Symbol('unanswered')
export type Unanswered = typeof unanswered

/**
 * Keeps pins where all proxies find them. Nothing here ever throws or rejects, and nothing takes longer than the caller
 * allows (`limit`, milliseconds): requests go on without the store.
 */
export interface SessionStore {
  /** Whether asking is worth it at the moment; when not, callers need not even wait for a promise. */
  readonly readable: boolean
  /** Whether pins can be written at the moment; a replica that is read-only answers, but takes none. */
  readonly writable: boolean
  /** How long one request may wait for the store altogether, in milliseconds. */
  readonly patience: number
  /** The pin of a key; undefined when there is none. */
  read(key: string, limit: number): Promise<Pin | undefined | Unanswered>
  /** Pins a key that has no pin. Answers what it is pinned to now: another proxy may have been faster. */
  claim(key: string, target: string, ttl: number, limit: number): Promise<string | Unanswered>
  /** Pins a key anew, whatever it was pinned to. */
  move(key: string, target: string, ttl: number, limit: number): Promise<void>
  /** Lets a pin last `ttl` milliseconds from now on, in the background. */
  extend(key: string, ttl: number): void
}
