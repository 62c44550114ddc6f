import type { Socket } from 'node:net'
import type { Call } from './call.ts'

/** A connection that is being opened, and the calls it is opened for. */
export class Dialling {
  /** Calls that wait for this one and no other; they fail with it. */
  readonly calls = new Set<Call>()
  /** Destroying it gives up. */
  socket: Socket | undefined = undefined
}
