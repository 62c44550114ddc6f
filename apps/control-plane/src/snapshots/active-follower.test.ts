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
