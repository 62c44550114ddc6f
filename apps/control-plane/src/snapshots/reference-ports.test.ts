import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openTemporary, temporaryDirectory } from '../store/sqlite/test-engine.ts'
import { fingerprints, type ReferenceRules, referencePorts } from './reference-ports.ts'

async function setUp(t: TestContext, rules: Partial<ReferenceRules> = {}) {
  const root = await temporaryDirectory(t)
  for (const name of ['store', 'open', 'open/deeper', 'closed']) await mkdir(join(root, name))
  await writeFile(join(root, 'store', 'vrata.db'), 'database')
  await writeFile(join(root, 'open', 'token'), 'hush\n')
  await writeFile(join(root, 'closed', 'token'), 'closed')
  const env = { TOKEN: 'a', APP_KEY: 'b', EMPTY: '', MASTER: 'c' }
  const all = { env: [], directories: [], sensitiveVariables: new Set(['MASTER']), storePath: join(root, 'store') }
  return { root, ports: referencePorts({ ...all, ...rules }, env) }
}

const variables: readonly { name: string; allow: readonly string[]; outcome: object }[] = [
  { name: 'TOKEN', allow: [], outcome: { value: 'a' } },
  { name: 'NONE', allow: [], outcome: { error: 'is not set' } },
  { name: 'EMPTY', allow: [], outcome: { error: 'is not set' } },
  { name: 'APP_KEY', allow: ['APP_*'], outcome: { value: 'b' } },
  { name: 'TOKEN', allow: ['APP_*'], outcome: { error: 'is not allowed' } },
  { name: 'NONE', allow: ['APP_*'], outcome: { error: 'is not allowed' } },
  { name: 'MASTER', allow: [], outcome: { error: 'is not readable: it configures the control plane' } },
  { name: 'MASTER', allow: ['*'], outcome: { error: 'is not readable: it configures the control plane' } },
]
for (const { name, allow, outcome } of variables) {
  test(`the variable ${name} with ${allow.join() || 'all'} allowed`, async (t) => {
    assert.deepEqual((await setUp(t, { env: allow })).ports.env(name), outcome)
  })
}

test('what every object has besides its members is no variable, of the process neither', async (t) => {
  const { root } = await setUp(t)
  const rules = { env: [], directories: [], sensitiveVariables: new Set<string>(), storePath: join(root, 'store') }
  for (const env of [{}, process.env]) {
    for (const name of ['toString', 'constructor', '__proto__', 'hasOwnProperty']) {
      assert.deepEqual(referencePorts(rules, env).env(name), { error: 'is not set' }, name)
    }
  }
})

test('a file is read whole, its last line break included', async (t) => {
  const { root, ports } = await setUp(t)
  assert.deepEqual(ports.file(join(root, 'open', 'token')), { value: 'hush\n' })
})

test('only files in allowed directories are read, links judged by where they lead', async (t) => {
  const { root } = await setUp(t)
  const rules = { env: [], sensitiveVariables: new Set<string>(), storePath: join(root, 'store') }
  const ports = referencePorts({ ...rules, directories: [join(root, 'open'), join(root, 'missing')] }, {})
  await writeFile(join(root, 'open', 'deeper', 'token'), 'deep')
  await symlink(join(root, 'closed', 'token'), join(root, 'open', 'link'))
  await symlink(join(root, 'open'), join(root, 'closed', 'back'))
  await mkdir(join(root, 'open-too'))
  await writeFile(join(root, 'open-too', 'token'), 'x')
  assert.deepEqual(ports.file(join(root, 'open', 'deeper', 'token')), { value: 'deep' })
  assert.deepEqual(ports.file(join(root, 'closed', 'back', 'token')), { value: 'hush\n' })
  for (const path of ['open/link', 'closed/token', 'open/../closed/token', 'open-too/token']) {
    assert.deepEqual(ports.file(`${root}/${path}`), { error: 'is not in an allowed directory' }, path)
  }
})

test('nothing of the store is read, however it is named', async (t) => {
  const { root, ports } = await setUp(t)
  await symlink(join(root, 'store'), join(root, 'open', 'innocent'))
  for (const path of ['store/vrata.db', 'open/../store/vrata.db', 'open/innocent/vrata.db']) {
    assert.deepEqual(ports.file(`${root}/${path}`), { error: 'is not readable: it belongs to the store' }, path)
  }
})

test('what is no small text file is refused by its reason', async (t) => {
  const { root, ports } = await setUp(t)
  const path = (name: string) => join(root, 'open', name)
  await writeFile(path('large'), '')
  await truncate(path('large'), 1024 * 1024 + 1)
  await writeFile(path('exact'), '')
  await truncate(path('exact'), 1024 * 1024)
  await writeFile(path('binary'), Buffer.from([0xff, 0xfe]))
  execFileSync('mkfifo', [path('pipe')])
  assert.ok('value' in ports.file(path('exact')))
  for (const [name, error] of [
    ['large', 'is larger than 1 MiB'],
    ['deeper', 'is not a regular file'],
    ['pipe', 'is not a regular file'],
    ['missing', 'does not exist'],
    ['binary', 'is not UTF-8 text'],
  ] as const) {
    assert.deepEqual(ports.file(path(name)), { error }, name)
  }
  assert.deepEqual(ports.file('/dev/zero'), { error: 'is not a regular file' })
  assert.ok('error' in ports.file(''))
  assert.ok('error' in ports.file('a\0b'))
})

test('fingerprints tell equal from different, stay the same, and differ between stores', async (t) => {
  const [one, other] = [await openTemporary(t), await openTemporary(t)]
  const [a, again] = await Promise.all([fingerprints(one), fingerprints(one)])
  assert.equal(a('hush'), again('hush'))
  assert.notEqual(a('hush'), a('hush!'))
  assert.notEqual(a('hush'), (await fingerprints(other))('hush'))
  assert.match(a(''), /^[0-9a-f]{64}$/)
})
