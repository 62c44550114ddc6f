import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStream } from '../testing/event-stream.ts'
import { startControlPlane, type TestControlPlane } from '../testing/start.ts'

const api = '/api/v1'
/** So little is kept that the history of an activation is soon gone. */
const store = { retention: { revisions: 3, bytes: 1024 * 1024 } }

async function activate(plane: TestControlPlane, name: string): Promise<string> {
  const { id } = (await plane.send('POST', `${api}/snapshots`, { name })).read<{ id: string }>()
  assert.equal((await plane.send('POST', `${api}/snapshots/${id}/activate`)).status, 200)
  return id
}

test('after a restart an activation is followed without any error, however many writes came after the last one', async (t) => {
  const first = await startControlPlane(t, { store })
  const old = await activate(first, 'old')
  for (let n = 0; n < 5; n++) await first.send('POST', `${api}/secrets`, { name: `n${n}`, value: 'x' })
  await first.close()
  const second = await startControlPlane(t, { directory: first.directory, store })
  const stream = await openStream(t, second.url)
  assert.equal(JSON.parse((await stream.next()).data ?? '').id, old)
  const next = await activate(second, 'next')
  assert.equal(JSON.parse((await stream.next()).data ?? '').id, next)
  const failures = second.log.filter(({ level }) => level === 'error')
  assert.deepEqual(failures, [])
})

test('a damaged active snapshot is named in the log, and another one can be activated', async (t) => {
  const first = await startControlPlane(t)
  const spare = (await first.send('POST', `${api}/snapshots`, { name: 'spare' })).read<{ id: string }>()
  const damaged = await activate(first, 'damaged')
  await first.store.commit([{ put: `s/${damaged}/000000`, value: Buffer.from([0x1f, 0x8b]) }])
  await first.close()
  const second = await startControlPlane(t, { directory: first.directory })
  const failure = JSON.stringify(second.log.filter(({ level }) => level === 'error'))
  assert.match(failure, new RegExp(`snapshot ${damaged} is damaged`))
  const stream = await openStream(t, second.url)
  assert.equal((await stream.next()).event, 'none')
  assert.equal((await second.send('POST', `${api}/snapshots/${spare.id}/activate`)).status, 200)
  assert.equal(JSON.parse((await stream.next()).data ?? '').id, spare.id)
})
