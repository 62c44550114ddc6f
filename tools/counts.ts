import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** How many tests ended how. A cancelled test counts as failed, a test marked `todo` as skipped. */
export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** File in a package's folder that `count-reporter.ts` writes and `check.ts` reads. */
export const countsFile = '.test-counts.json'

export const noCounts: Counts = { passed: 0, failed: 0, skipped: 0 }

/** Sum of two counts. */
export function add(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped }
}

/** The counts that a test run left in `folder`; undefined when there are none or they cannot be read. */
export function readCounts(folder: string): Counts | undefined {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(join(folder, countsFile), 'utf8'))
  } catch {
    return undefined // absent or cut short: in both cases nobody counted
  }
  return isCounts(value) ? value : undefined
}

/** Takes away what an earlier run left, so that a run that dies before counting is not credited with it. */
export function forgetCounts(folder: string): void {
  rmSync(join(folder, countsFile), { force: true })
}

/** The closing line of a whole check: `N passed, N failed`, and `, N skipped` only if any were. */
export function countsLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

function isCounts(value: unknown): value is Counts {
  if (typeof value !== 'object' || value === null) return false
  const fields = value as Record<string, unknown>
  return ['passed', 'failed', 'skipped'].every((name) => Number.isInteger(fields[name]))
}
