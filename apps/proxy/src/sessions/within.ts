import type { Clock } from '../clock.ts'
import { type Unanswered, unanswered } from './session-store.ts'

/** The reply if it comes within `limit` milliseconds, else `unanswered`. A reply that fails in time rejects. */
export function within<T>(clock: Clock, reply: Promise<T>, limit: number): Promise<T | Unanswered> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(limit, () => resolve(unanswered))
    reply.then(
      (answer) => {
        cancel()
        resolve(answer)
      },
      (thrown: unknown) => {
        cancel()
        reject(thrown)
      },
    )
  })
}
