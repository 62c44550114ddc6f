import { writeSync } from 'node:fs'
import { messageOf } from './message-of.ts'

/** Thrown for a wrong command line; the process ends with code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/**
 * Runs a program to its end and leaves with the code that shells and supervisors expect: 0 when `main` resolves
 * (it does after a stop signal), 2 for a wrong command line, 1 for everything else, with one line
 * `vrata: {reason}` on standard error. Errors that can only be our own mistake are followed by their stack.
 */
export async function runProgram(main: () => Promise<void>): Promise<never> {
  try {
    await main()
  } catch (thrown) {
    writeSync(2, `vrata: ${reason(thrown)}\n`)
    if (isMistake(thrown)) writeSync(2, `${thrown.stack}\n`)
    process.exit(thrown instanceof UsageError ? 2 : 1)
  }
  process.exit(0)
}

function reason(thrown: unknown): string {
  return (
    messageOf(thrown)
      .trim()
      .replace(/\s*\n\s*/g, ' ') || 'an unexpected error occurred'
  )
}

function isMistake(thrown: unknown): thrown is Error {
  return (
    thrown instanceof ReferenceError ||
    thrown instanceof RangeError ||
    // The platform reports its own failures as TypeErrors with a code; ours have none.
    (thrown instanceof TypeError && !('code' in thrown))
  )
}
