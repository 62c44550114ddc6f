import type { Failure } from '../failure/failure.ts'
import { failureAnswer, type OwnAnswer } from '../failure/failure-answer.ts'
import type { TimerWheel } from '../timer-wheel.ts'
import type { Tunnel } from '../upgrade-offer.ts'
import type { Front } from './engine.ts'
import type { PathWitness } from './guard.ts'
import type { ListenerRules } from './rules.ts'

/** How long a client that has not sent anything yet is given when the listener drains, in milliseconds. */
export const freshTime = 1_000

/** One connection of a client, whatever is spoken on it. */
export interface Connection {
  /** Lets what is under way end and takes nothing new; closes when idle. Told once, by its host. */
  drain(): void
  /** Closes at once, whatever is under way. */
  destroy(): void
}

/** What connections take from the engine that accepted them. */
export interface ConnectionHost extends PathWitness {
  /** What stands behind the socket now; asked anew for each request. */
  readonly front: Front
  /** Whether connections are to close after what is under way. */
  readonly draining: boolean
  readonly wheel: TimerWheel
  /** A connection was joined with another one after a change of protocol. `ended` is called when both are closed. */
  onJoined(tunnel: Tunnel, ended: () => void): void
  /** Hears of errors that can only be ours. */
  onMistake(thrown: unknown): void
}

/** The answer to a request that was refused before it became an exchange. */
export function refusalAnswer(failure: Failure, { detail, serverName }: ListenerRules, grpc = false): OwnAnswer {
  const answer = failureAnswer(failure, { detail, grpc, destination: '', endpoint: '', requestId: '', traceId: '' })
  return serverName === '' ? answer : { ...answer, headers: [...answer.headers, 'server', serverName] }
}
