import assert from 'node:assert/strict'
import { stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '@vrata/testkit'
import { identityHeaders, proxyIdentity } from './identity.ts'

test('a configured id is used as it is', async (t) => {
  const { id } = proxyIdentity({ id: 'edge-1', labels: {} }, await temporaryFolder(t), '1.0.0')
  assert.equal(id, 'edge-1')
})

test('a made id is the host and six digits, and survives a restart; the boot id does not', async (t) => {
  const folder = await temporaryFolder(t)
  const first = proxyIdentity({ labels: {} }, folder, '1.0.0')
  const second = proxyIdentity({ labels: {} }, folder, '1.0.0')
  assert.match(first.id, new RegExp(`^${hostname()}-[0-9a-f]{6}$`))
  assert.equal(second.id, first.id)
  assert.notEqual(second.bootId, first.bootId)
  assert.equal((await stat(join(folder, 'proxy-id'))).mode & 0o777, 0o600)
})

test('where nothing can be kept there is an id all the same', async (t) => {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, 'file'), '')
  assert.match(proxyIdentity({ labels: {} }, join(folder, 'file'), '1.0.0').id, /-[0-9a-f]{6}$/)
})

test('labels travel percent-encoded', () => {
  const headers = identityHeaders({ id: 'p', bootId: 'b', version: '1', labels: { zone: 'a', 'x/y': 'a,b=c' } })
  assert.deepEqual(headers, {
    'vrata-proxy-id': 'p',
    'vrata-proxy-boot': 'b',
    'vrata-proxy-version': '1',
    'vrata-proxy-labels': 'zone=a,x%2Fy=a%2Cb%3Dc',
  })
})
