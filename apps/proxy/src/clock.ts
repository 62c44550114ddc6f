/** Time, handed in so that tests can move it. */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes back. */
  now(): number
  /** Calls `run` once when `delay` milliseconds have passed; the result takes that back. */
  after(delay: number, run: () => void): () => void
}

/**
 * The time of the process. What has come in from the network by the time a delay is over is heard before `run` is
 * called: so an answer that is there but unread, because the process was busy, does not count as late.
 */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(delay, run) {
    let reading: NodeJS.Immediate | undefined
    const timer = setTimeout(() => {
      reading = setImmediate(run)
    }, delay)
    return () => {
      clearTimeout(timer)
      if (reading !== undefined) clearImmediate(reading)
    }
  },
}
