import { longestDelay } from '@vrata/service'

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
  after: (delay, run) => later(delay, run, true),
}

/** The same, for waiting that is no reason for a process to go on when there is nothing else. */
export const backgroundClock: Clock = {
  now: () => performance.now(),
  after: (delay, run) => later(delay, run, false),
}

function later(delay: number, run: () => void, keepsRunning: boolean): () => void {
  let reading: NodeJS.Immediate | undefined
  const heard = () => {
    reading = setImmediate(run)
  }
  const timer = setTimeout(heard, Math.min(delay, longestDelay))
  if (!keepsRunning) timer.unref()
  return () => {
    clearTimeout(timer)
    if (reading !== undefined) clearImmediate(reading)
  }
}
