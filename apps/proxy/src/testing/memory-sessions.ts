import { setImmediate as turn } from 'node:timers/promises'
import { type Pin, type SessionStore, type Unanswered, unanswered } from '../sessions/session-store.ts'

/**
 * How a store behaves: `late` does not answer in time, though it is asked; what was asked happens nonetheless. `blind`:
 * it is not to be asked.
 */
export type StoreMood = 'up' | 'readOnly' | 'late' | 'blind'

/** A session store in memory, with a time that the test moves. */
export class MemorySessions implements SessionStore {
  mood: StoreMood = 'up'
  now = 0
  readonly patience = 10_000
  /** Questions and orders in short, since the last look. */
  readonly asked: string[] = []
  readonly #pins = new Map<string, { readonly target: string; readonly until: number }>()
  /** Runs before the next claim is decided: what another proxy does in between. */
  between: (() => void) | undefined = undefined

  get readable(): boolean {
    return this.mood !== 'blind'
  }

  get writable(): boolean {
    return this.mood === 'up' || this.mood === 'late'
  }

  /** What a key is pinned to now. */
  target(key: string): string | undefined {
    const pin = this.#pins.get(key)
    return pin !== undefined && pin.until > this.now ? pin.target : undefined
  }

  /** Milliseconds until a pin ends. */
  left(key: string): number {
    return (this.#pins.get(key)?.until ?? this.now) - this.now
  }

  set(key: string, target: string, ttl: number): void {
    this.#pins.set(key, { target, until: this.now + ttl })
  }

  async read(key: string): Promise<Pin | undefined | Unanswered> {
    this.asked.push(`read ${key}`)
    await turn()
    if (this.mood === 'late') return unanswered
    const target = this.target(key)
    return target === undefined ? undefined : { target, left: this.left(key) }
  }

  async claim(key: string, target: string, ttl: number): Promise<string | Unanswered> {
    this.asked.push(`claim ${key}`)
    await turn()
    this.between?.()
    this.between = undefined
    if (this.target(key) === undefined) this.set(key, target, ttl)
    return this.mood === 'late' ? unanswered : (this.target(key) ?? target)
  }

  async move(key: string, target: string, ttl: number): Promise<void> {
    this.asked.push(`move ${key}`)
    await turn()
    this.set(key, target, ttl)
  }

  extend(key: string, ttl: number): void {
    this.asked.push(`extend ${key}`)
    const target = this.target(key)
    if (target !== undefined) this.set(key, target, ttl)
  }
}
