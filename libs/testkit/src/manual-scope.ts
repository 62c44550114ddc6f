import type { Scope } from './scope.ts'

/** A scope whose end the test itself brings about. */
export function manualScope(): Scope & { end(): Promise<void> } {
  const hooks: (() => unknown)[] = []
  return {
    after: (hook) => hooks.push(hook),
    async end() {
      for (const hook of hooks) await hook()
    },
  }
}
