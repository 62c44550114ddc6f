import { setTimeout as wait } from 'node:timers/promises'

/** How to wait for something. */
export interface Patience {
  /** Milliseconds until it is given up; default 60000. */
  readonly timeout?: number
  /** Milliseconds between two looks; default 20. */
  readonly every?: number
}

/**
 * Looks again and again until `look` gives something other than undefined or false, and returns that. A look that
 * throws counts as "not yet"; its last error is told when patience ends. `what` completes "waiting for …".
 */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  { timeout = 60_000, every = 20 }: Patience = {},
): Promise<T> {
  const deadline = performance.now() + timeout
  let last: unknown
  for (;;) {
    try {
      const found = await look()
      if (found !== undefined && found !== false) return found
      last = undefined
    } catch (error) {
      last = error
    }
    if (performance.now() > deadline) {
      throw new Error(`gave up after ${timeout} ms waiting for ${what}`, last === undefined ? {} : { cause: last })
    }
    await wait(every)
  }
}
