import type { TimerWheel } from '../../timer-wheel.ts'
import type { Call } from './call.ts'

/** What a connection tells the pool that it belongs to. */
export interface ConnectionOwner {
  /** A call has ended and left room for another one. */
  onRoom(connection: Connection): void
  /** It takes no further calls; those it carries go on. */
  onRetired(connection: Connection): void
  /** Its socket is closed. */
  onClosed(connection: Connection): void
  /** How many calls at the same time a connection takes, as the endpoint has just said. */
  onStreams(streams: number): void
  /** The endpoint does not want HTTP/2 for what it was asked, though it had agreed to it. */
  onHttp1Wanted(): void
  /** Hears of errors that can only be ours. */
  onMistake(thrown: unknown): void
}

/** What the connections of a pool have in common. Durations in milliseconds. */
export interface ConnectionSettings {
  readonly timers: TimerWheel
  /** How old it may be when it gets another request; 0 = no limit. */
  readonly lifetime: number
  /** How long a body waits for `100 Continue`; 0 = not at all. */
  readonly expectContinue: number
}

/** An open connection to an endpoint, whatever protocol it speaks. */
export interface Connection {
  /** How many calls it carries. */
  readonly active: number
  /** How many more it takes now; 0 also when it takes no more at all. */
  readonly room: number
  /** Takes no further calls. */
  readonly retired: boolean
  /** When it is too old for further calls, in the time of the wheel. */
  readonly expires: number
  /** For how long without a call its endpoint keeps it, in milliseconds, where the endpoint has said so; else Infinity. */
  readonly keptFor: number
  /** When it had room for a further call last, in the time of the wheel. Kept by the pool. */
  freeSince: number
  /** Whether the pool lists it as one that has room. Kept by the pool. */
  listed: boolean
  /** Carries a call out. Only when there is room. */
  start(call: Call): void
  /** Closes it, in peace: nothing is carried. */
  close(): void
  /** Takes no further calls, and closes when the present ones have ended. */
  retire(): void
}

/** When a connection that is opened now is too old. Up to a tenth earlier, so that those of one burst do not go at once. */
export function expiry({ timers, lifetime }: ConnectionSettings): number {
  return lifetime === 0 ? Infinity : timers.now + lifetime * (1 - Math.random() / 10)
}
