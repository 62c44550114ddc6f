import type { Clock } from './clock.ts'

/** Stands for a reply that did not come in time. */
export const late = Symbol('late')

/** The reply if it comes within `limit` milliseconds, else `late`. A reply that fails in time rejects. */
export function within<T>(clock: Clock, reply: Promise<T>, limit: number): Promise<T | typeof late> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(limit, () => resolve(late))
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
