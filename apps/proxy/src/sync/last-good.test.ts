import assert from 'node:assert/strict'
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { snapshot, temporaryFolder } from '@vrata/testkit'
import { documentOf, recordingLogger } from '../testing/in-process.ts'
import { LastGood } from './last-good.ts'

const document = documentOf(snapshot().respond('r', '/', 'secret text').config)
const text = JSON.stringify(document)

test('what was saved is loaded again, and the file is readable by its owner alone', async (t) => {
  const folder = join(await temporaryFolder(t), 'made', 'on', 'demand')
  const { log, lines } = recordingLogger()
  const store = new LastGood(folder, log)
  await store.save(text)
  assert.deepEqual(await store.load(), document)
  assert.equal((await stat(join(folder, 'last-good'))).mode & 0o777, 0o600)
  assert.deepEqual(await readdir(folder), ['last-good'])
  assert.deepEqual(lines, [])
})

test('a file of an earlier run with loose rights becomes tight', async (t) => {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, 'last-good.new'), 'left over', { mode: 0o644 })
  await chmod(join(folder, 'last-good.new'), 0o644)
  await new LastGood(folder, recordingLogger().log).save(text)
  assert.equal((await stat(join(folder, 'last-good'))).mode & 0o777, 0o600)
})

test('without a file there is nothing, and nothing to complain about', async (t) => {
  const { log, lines } = recordingLogger()
  assert.equal(await new LastGood(await temporaryFolder(t), log).load(), undefined)
  assert.deepEqual(lines, [])
})

for (const { what, damage } of [
  { what: 'empty', damage: () => Buffer.alloc(0) },
  { what: 'cut off', damage: (bytes: Buffer) => bytes.subarray(0, bytes.length - 1) },
  { what: 'cut off in its first line', damage: (bytes: Buffer) => bytes.subarray(0, 20) },
  {
    what: 'changed in one bit',
    damage: (bytes: Buffer) => {
      const copy = Buffer.from(bytes)
      copy[200] = (copy[200] ?? 0) ^ 1
      return copy
    },
  },
  { what: 'something else', damage: () => Buffer.from('hello\nworld\n') },
  { what: 'one line without an end', damage: () => Buffer.from('x'.repeat(10_000)) },
]) {
  test(`a file that is ${what} is a warning without its content, not a crash`, async (t) => {
    const folder = await temporaryFolder(t)
    const { log, lines } = recordingLogger()
    const store = new LastGood(folder, log)
    await store.save(text)
    const path = join(folder, 'last-good')
    await writeFile(path, damage(await readFile(path)))
    assert.equal(await store.load(), undefined)
    assert.equal(lines.length, 1)
    assert.equal(lines[0]?.['level'], 'warn')
    assert.doesNotMatch(JSON.stringify(lines), /secret text/)
  })
}

test('a whole file whose text is no snapshot is a warning', async (t) => {
  const folder = await temporaryFolder(t)
  const { log, lines } = recordingLogger()
  const store = new LastGood(folder, log)
  await store.save('{"id":1}')
  assert.equal(await store.load(), undefined)
  assert.equal(lines.length, 1)
})

test('a place that cannot be written is one warning for many attempts', async (t) => {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, 'file'), '')
  const { log, lines } = recordingLogger()
  const store = new LastGood(join(folder, 'file', 'below'), log)
  await store.save(text)
  await store.save(text)
  assert.equal(lines.length, 1)
  assert.equal(lines[0]?.['level'], 'warn')
})
