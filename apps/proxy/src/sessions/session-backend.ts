import type { Pin } from './session-store.ts'

/** Hears about the connection of a backend. */
export interface BackendEvents {
  /** It can be asked. */
  onConnected(): void
  /** It cannot be asked any more, or yet. `reason` is a few words without addresses or secrets. */
  onLost(reason: string): void
}

/** The program that keeps the pins, as it is: slow, away, or unwilling. Times in milliseconds. */
export interface SessionBackend extends Disposable {
  events: BackendEvents | undefined
  /** Begins to connect, and from then on reconnects by itself. */
  open(): void
  /** Gives up a connection that has fallen silent and makes a new one. */
  reconnect(): void
  read(key: string): Promise<Pin | undefined>
  /** Answers the target that the key is pinned to afterwards. */
  claim(key: string, target: string, ttl: number): Promise<string>
  move(key: string, target: string, ttl: number): Promise<void>
  extend(key: string, ttl: number): Promise<void>
  /** Changes nothing, but fails when a write would fail. */
  probe(): Promise<void>
}

/** The backend answers but takes no writes: it is a replica, full, or cannot save. */
export class WriteRefused extends Error {
  override readonly name = 'WriteRefused'
}
