/** Work that stops between small steps, so that its caller decides whether others come first. */
export type Steps<T> = Generator<void, T, void>

/** Does all of the work now. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** How sliced work gives way. */
export interface Slicing {
  /** Resolves when others had their turn; normally the next turn of the event loop. */
  readonly pause: () => Promise<void>
  /** Milliseconds of work between two pauses; a step that is begun is finished. Collecting garbage comes on top. */
  readonly budgetMs?: number
}

/** Does the work in slices of a few milliseconds, with a pause after each. */
export async function inSlices<T>(steps: Steps<T>, { pause, budgetMs = 2 }: Slicing): Promise<T> {
  let until = performance.now() + budgetMs
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
    if (performance.now() < until) continue
    await pause()
    until = performance.now() + budgetMs
  }
}
