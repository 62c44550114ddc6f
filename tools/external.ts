/**
 * `npm run test:external`: suites that others wrote, against the real programs. Each says that it passed, failed, or
 * was skipped and why; the last line sums up, and the exit code is 1 when one failed.
 */
import { h2spec } from './external/h2spec.ts'
import { schemathesis } from './external/schemathesis.ts'
import type { Suite } from './external/suite.ts'

const suites: readonly Suite[] = [schemathesis, h2spec]

const marks = { passed: '✓', failed: '✗', skipped: '-' } as const
const totals = { passed: 0, failed: 0, skipped: 0 }
for (const suite of suites) {
  const { result, detail } = await suite.run().catch((error: unknown) => ({
    result: 'failed' as const,
    detail: error instanceof Error ? (error.stack ?? error.message) : String(error),
  }))
  totals[result]++
  console.log(`${marks[result]} ${suite.name}: ${result}, ${detail}`)
}
console.log(`external suites: ${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`)
if (totals.failed > 0) process.exitCode = 1
