import { redisKeyPrefixes } from '@vrata/model'
import { Redis } from 'ioredis'
import { keepStringsFast } from '../fast-strings.ts'
import { reasonOf } from './reason.ts'
import type { RedisSettings } from './redis-settings.ts'
import { type BackendEvents, type SessionBackend, WriteRefused } from './session-backend.ts'
import type { Pin } from './session-store.ts'

keepStringsFast()

/** Answers of Redis that say: I am here, but I do not write. */
const refusesWrites = /^(READONLY|OOM|MISCONF|NOREPLICAS)\b/

/** Redis that is away is asked for again after 50 ms, then less and less often, but at least every 2 s. */
const firstPause = 50
const longestPause = 2_000

/** A connection that was of use for this long is not lost for what it did; the next pause is the first again. */
const steadyTime = 10_000

/** Named by the probe, and never made: `SET … XX` sets only what is there. */
const probeKey = `${redisKeyPrefixes.sticky}probe`

/** Pins in Redis. Plain `GET`, `SET` and `PEXPIRE`, so any server since 2.6.12 will do. */
export class RedisBackend implements SessionBackend {
  events: BackendEvents | undefined = undefined
  readonly #redis: Redis
  /** Why the present or next connection is of no use. */
  #trouble = ''
  /** The server refused the database: the library would go on with another one. */
  #wrongDatabase = false

  /** Connections in a row that came to nothing, or were lost soon. */
  #attempts = 0
  /** Since when the server answers probes on the present connection, by the clock of the process. */
  #usefulSince: number | undefined = undefined

  constructor(settings: RedisSettings) {
    this.#redis = new Redis({ ...settings, retryStrategy: () => this.#reconnectPause() })
    this.#redis.on('error', (error: unknown) => this.#onError(error))
    this.#redis.on('ready', () => this.#onReady())
    this.#redis.on('close', () => this.#onClose())
  }

  open(): void {
    this.#redis.connect().catch(() => undefined) // the events `error` and `close` tell of it, and it is tried again
  }

  reconnect(): void {
    this.#redis.disconnect(true)
  }

  async read(key: string): Promise<Pin | undefined> {
    const [target, left] = (await this.#redis.pipeline().get(key).pttl(key).exec()) ?? []
    for (const reply of [target, left]) if (reply?.[0] != null) throw reply[0]
    if (typeof target?.[1] !== 'string' || typeof left?.[1] !== 'number') return undefined
    // -1: no end; -2: it ended between the two commands
    return { target: target[1], left: left[1] === -1 ? Number.POSITIVE_INFINITY : Math.max(0, left[1]) }
  }

  async claim(key: string, target: string, ttl: number): Promise<string> {
    const mine = await writing(this.#redis.set(key, target, 'PX', Math.round(ttl), 'NX'))
    return mine === null ? ((await this.#redis.get(key)) ?? target) : target
  }

  async move(key: string, target: string, ttl: number): Promise<void> {
    await writing(this.#redis.set(key, target, 'PX', Math.round(ttl)))
  }

  async extend(key: string, ttl: number): Promise<void> {
    await writing(this.#redis.pexpire(key, Math.round(ttl)))
  }

  async probe(): Promise<void> {
    try {
      await writing(this.#redis.set(probeKey, '', 'PX', 1, 'XX'))
      this.#onUseful()
    } catch (thrown) {
      if (thrown instanceof WriteRefused) this.#onUseful()
      throw thrown
    }
  }

  /** The server does what it is there for. */
  #onUseful(): void {
    this.#usefulSince ??= performance.now()
  }

  #onClose(): void {
    if (this.#usefulSince !== undefined && performance.now() - this.#usefulSince >= steadyTime) this.#attempts = 0
    this.#usefulSince = undefined
    this.events?.onLost(this.#trouble === '' ? 'the connection was closed' : this.#trouble)
    this.#trouble = ''
  }

  #onError(error: unknown): void {
    this.#trouble = reasonOf(error)
    if (commandOf(error) === 'select') this.#wrongDatabase = true
  }

  #onReady(): void {
    if (this.#wrongDatabase) {
      this.#wrongDatabase = false
      this.#redis.disconnect(true)
      return
    }
    this.#trouble = ''
    this.events?.onConnected()
  }

  /** With jitter, so that a fleet does not come back all at once. */
  #reconnectPause(): number {
    const pause = Math.min(longestPause, firstPause * 2 ** Math.min(this.#attempts++, 10))
    return pause * (0.75 + Math.random() / 4)
  }

  [Symbol.dispose](): void {
    this.events = undefined
    this.#redis.disconnect()
  }
}

async function writing<T>(reply: Promise<T>): Promise<T> {
  try {
    return await reply
  } catch (thrown) {
    const { message } = thrown instanceof Error ? thrown : { message: '' }
    const [refusal] = refusesWrites.exec(message) ?? []
    throw refusal === undefined ? thrown : new WriteRefused(refusal, { cause: thrown })
  }
}

/** The command that the library says an error belongs to. */
function commandOf(thrown: unknown): string {
  if (!(thrown instanceof Error) || !('command' in thrown)) return ''
  const { command } = thrown
  if (typeof command !== 'object' || command === null || !('name' in command)) return ''
  return typeof command.name === 'string' ? command.name : ''
}
