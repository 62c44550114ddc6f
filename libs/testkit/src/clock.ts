/** Time as code under test asks for it. The real one is `performance.now` and `setTimeout`. */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes back. */
  now(): number
  /** Calls `run` once when `delay` milliseconds have passed; the result takes that back. */
  after(delay: number, run: () => void): () => void
}

/** A clock that stands still until the test moves it. */
export interface FakeClock extends Clock {
  /** Lets `milliseconds` pass; whatever becomes due is called at its own time, in the order of due times. */
  advance(milliseconds: number): void
  /** How many calls of `after` still wait: what a test compares with 0 to see that nothing is left behind. */
  readonly waiting: number
}

interface Timer {
  readonly due: number
  readonly run: () => void
}

/** Begins at 0 unless told otherwise. Never beside a real socket: that does not wait for it. */
export function fakeClock(start = 0): FakeClock {
  let time = start
  let timers: Timer[] = []
  return {
    now: () => time,
    after(delay, run) {
      const timer = { due: time + Math.max(0, delay), run }
      timers.push(timer)
      return () => {
        timers = timers.filter((one) => one !== timer)
      }
    },
    advance(milliseconds) {
      const end = time + milliseconds
      for (let next = earliest(timers, end); next; next = earliest(timers, end)) {
        const taken = next
        timers = timers.filter((one) => one !== taken)
        time = taken.due
        taken.run()
      }
      time = end
    },
    get waiting() {
      return timers.length
    },
  }
}

function earliest(timers: readonly Timer[], end: number): Timer | undefined {
  let found: Timer | undefined
  for (const timer of timers) {
    if (timer.due <= end && (found === undefined || timer.due < found.due)) found = timer
  }
  return found
}
