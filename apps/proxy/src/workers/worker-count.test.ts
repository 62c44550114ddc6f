import assert from 'node:assert/strict'
import { test } from 'node:test'
import { workerCount } from './worker-count.ts'

const rows: readonly (readonly [number | 'auto', number, NodeJS.Platform, number])[] = [
  [1, 8, 'linux', 1],
  [3, 8, 'linux', 3],
  [16, 8, 'linux', 16],
  ['auto', 8, 'linux', 8],
  ['auto', 1, 'linux', 1],
  ['auto', 1000, 'linux', 256],
  ['auto', 8, 'freebsd', 8],
  ['auto', 8, 'darwin', 1],
  [1, 8, 'darwin', 1],
]
for (const [asked, cores, platform, count] of rows) {
  test(`${asked} with ${cores} cores on ${platform} makes ${count}`, () => {
    assert.equal(workerCount(asked, cores, platform), count)
  })
}

test('a number that the platform cannot serve with is refused', () => {
  assert.throws(() => workerCount(2, 8, 'darwin'), /proxy\.workers is 2, but on darwin/)
})
