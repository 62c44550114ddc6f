import { writeFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import type { TestEvent } from 'node:test/reporters'
import type { Counts } from './counts.ts'
import { countsFile } from './counts.ts'

/**
 * Reporter for `node --test`: leaves the totals of a run in `.test-counts.json` of the working directory, where
 * `npm test` sums them up. The file is an output of the task, so it comes back when the task is taken from the cache.
 *
 * Node counts a test file that contains no test as one passed test. Such a file is nearly always a mistake (a renamed
 * import, an early return), so it counts as failed here and is named.
 */
export default async function* countReporter(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  let hollow = 0
  for await (const event of source) {
    if (event.type === 'test:pass' && isWholeFile(event.data)) {
      hollow++
      yield `${event.data.name}: no test in this file\n`
    }
    if (event.type !== 'test:summary' || event.data.file !== undefined) continue
    const { tests, passed, skipped, todo } = event.data.counts
    const left = { passed: passed - hollow, skipped: skipped + todo }
    // whatever is neither passed nor left out has failed or was cancelled
    const counts: Counts = { ...left, failed: tests - left.passed - left.skipped }
    writeFileSync(countsFile, `${JSON.stringify(counts)}\n`)
  }
}

/** Node reports a file itself as a test only when nothing inside it was reported. */
function isWholeFile(test: { name: string; nesting: number; file?: string | undefined }): boolean {
  if (test.nesting !== 0 || test.file === undefined) return false
  return basename(test.name) === basename(test.file) && resolve(test.name) === test.file
}
