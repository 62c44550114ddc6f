/**
 * Who owns what a helper opens. A `TestContext` of node:test is one, so helpers are called with the test's `t` and
 * everything they opened is gone when the test ends.
 */
export interface Scope {
  after(release: () => unknown): void
}

const stacks = new WeakMap<Scope, (() => unknown)[]>()

/**
 * Releases a resource when its scope ends. Unlike plain `t.after`, what was opened last is released first, so a
 * process ends before the folder it writes to. Everything is released even if one release fails; the failures then
 * fail the test.
 */
export function own(scope: Scope, release: () => unknown): void {
  const stack = stacks.get(scope)
  if (stack) {
    stack.push(release)
    return
  }
  const made = [release]
  stacks.set(scope, made)
  scope.after(async () => {
    stacks.delete(scope)
    const failures: unknown[] = []
    for (let next = made.pop(); next; next = made.pop()) {
      try {
        await next()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length === 1) throw failures[0]
    if (failures.length > 1) throw new AggregateError(failures, failures.map(String).join('\n'))
  })
}

/** A scope for programs that are no test: `await using scope = new ProgramScope()`. */
export class ProgramScope implements Scope, AsyncDisposable {
  readonly #releases: (() => unknown)[] = []

  after(release: () => unknown): void {
    this.#releases.push(release)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (let next = this.#releases.pop(); next; next = this.#releases.pop()) await next()
  }
}
