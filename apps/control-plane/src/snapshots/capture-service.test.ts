import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Turnstile } from '@vrata/service'
import { openTemporary } from '../store/sqlite/test-engine.ts'
import type { Store } from '../store/store.ts'
import { SnapshotArchive } from './archive.ts'
import { captureSnapshot } from './capture-service.ts'
import { CompiledHashes } from './compiled-hashes.ts'

/** What captures do with the store, in order: `read` of what is staged, `write` of the snapshot. */
function watched(store: Store): { readonly store: Store; readonly steps: string[] } {
  const steps: string[] = []
  const watching: ProxyHandler<Store> = {
    get(target, name) {
      if (name === 'list') steps.push('read')
      if (name === 'commit') steps.push('write')
      const member: unknown = Reflect.get(target, name, target)
      return typeof member === 'function' ? member.bind(target) : member
    },
  }
  return { store: new Proxy(store, watching), steps }
}

test('captures that come at once are made one after the other, so that only one is in memory', async (t) => {
  const { store, steps } = watched(await openTemporary(t))
  const references = { env: () => ({ error: 'is not set' }), file: () => ({ error: 'does not exist' }) }
  const archive = new SnapshotArchive(store)
  const ports = { store, archive, compiled: new CompiledHashes(), references, turns: new Turnstile(1) }
  const captures = ['a', 'b', 'c'].map((name) => captureSnapshot(ports, { name }, 'me'))
  const outcomes = await Promise.all(captures)
  assert.deepEqual(
    outcomes.map((outcome) => outcome.ok && outcome.meta.name),
    ['a', 'b', 'c'],
  )
  const [, ...rest] = steps // the key of fingerprints is made first
  assert.deepEqual(rest, ['read', 'write', 'read', 'write', 'read', 'write'])
})

test('work that fails does not stop what waits for its turn', async () => {
  const turns = new Turnstile(1)
  const failing = turns.pass(() => Promise.reject(new Error('no')))
  const next = turns.pass(async () => 'yes')
  await assert.rejects(failing, /no/)
  assert.equal(await next, 'yes')
})
