import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { type DnsServer, type Scope, startDnsServer, temporaryFolder } from '@vrata/testkit'
import { SystemResolver } from './name-resolver.ts'

const notFound = () => Promise.reject(Object.assign(new Error('not found'), { code: 'ENOTFOUND' }))

async function resolving(
  scope: Scope,
  { hosts = '', system = notFound }: { hosts?: string; system?: (name: string) => Promise<readonly string[]> } = {},
): Promise<{ readonly server: DnsServer; readonly resolver: SystemResolver }> {
  const server = await startDnsServer(scope)
  const file = join(await temporaryFolder(scope), 'hosts')
  await writeFile(file, hosts)
  return { server, resolver: new SystemResolver({ servers: [server.address], hosts: file, system }) }
}

test('all addresses of both families, sorted, good as long as the shortest time to live', async (t) => {
  const { server, resolver } = await resolving(t)
  server.set('www.shop.test', ['127.0.0.3', '::1', '127.0.0.2'], 7)
  const answer = { addresses: ['127.0.0.2', '127.0.0.3', '::1'], ttl: 7_000 }
  assert.deepEqual(await resolver.resolve('www.shop.test', []), answer)
  assert.deepEqual(await resolver.resolve('www.shop.test.', []), answer, 'a dot at the end makes no difference')
})

test('one family is enough', async (t) => {
  const { server, resolver } = await resolving(t)
  server.set('four.test.test', ['127.0.0.2'], 7)
  server.set('six.test.test', ['::1'], 8)
  assert.deepEqual(await resolver.resolve('four.test.test', []), { addresses: ['127.0.0.2'], ttl: 7_000 })
  assert.deepEqual(await resolver.resolve('six.test.test', []), { addresses: ['::1'], ttl: 8_000 })
})

test('a family whose question fails keeps the addresses it had', async (t) => {
  const { server, resolver } = await resolving(t)
  server.set('www.shop.test', ['127.0.0.2'], 7)
  server.fail('www.shop.test', 'SERVFAIL', 'AAAA')
  const { addresses } = await resolver.resolve('www.shop.test', ['127.0.0.9', '::1'])
  assert.deepEqual(addresses, ['127.0.0.2', '::1'])
})

test('failures are told by the code of the platform', async (t) => {
  const { server, resolver } = await resolving(t)
  await assert.rejects(resolver.resolve('no.such.test', []), { code: 'ENOTFOUND' })
  server.fail('www.shop.test', 'SERVFAIL')
  await assert.rejects(resolver.resolve('www.shop.test', []), { code: 'ESERVFAIL' })
  server.set('empty.test.test', [])
  await assert.rejects(resolver.resolve('empty.test.test', []), { code: 'ENOTFOUND' })
})

test('the hosts file comes first', async (t) => {
  const hosts = '# names of here\n127.0.0.7 www.shop.test shop\n::1\tWWW.shop.test # twice\nnonsense www.shop.test\n'
  const { server, resolver } = await resolving(t, { hosts })
  server.set('www.shop.test', ['127.0.0.2'])
  assert.deepEqual(await resolver.resolve('www.shop.test', []), { addresses: ['127.0.0.7', '::1'], ttl: undefined })
  assert.deepEqual(await resolver.resolve('shop', []), { addresses: ['127.0.0.7'], ttl: undefined })
  assert.deepEqual(server.questions, [])
})

test('a name of the hosts file does not wait for names that nobody answers for', { timeout: 20_000 }, async (t) => {
  const system = () => new Promise<never>(() => undefined)
  const { resolver } = await resolving(t, { hosts: '127.0.0.7 www.shop.test\n', system })
  for (let n = 0; n < 100; n++) void resolver.resolve(`silent-${n}`, [])
  assert.deepEqual((await resolver.resolve('www.shop.test', [])).addresses, ['127.0.0.7'])
})

test('names without a dot, and those that no server knows, are left to the system', async (t) => {
  const asked: string[] = []
  const system = async (name: string) => {
    asked.push(name)
    return ['127.0.0.5', '127.0.0.4', '127.0.0.5']
  }
  const { server, resolver } = await resolving(t, { system })
  const answer = { addresses: ['127.0.0.4', '127.0.0.5'], ttl: undefined }
  assert.deepEqual(await resolver.resolve('shop', []), answer)
  assert.deepEqual(await resolver.resolve('shop.default', []), answer)
  assert.deepEqual(asked, ['shop', 'shop.default'])
  assert.deepEqual(server.questions.toSorted(), ['A shop.default', 'AAAA shop.default'])
  server.fail('shop.default', 'SERVFAIL')
  await assert.rejects(resolver.resolve('shop.default', []), { code: 'ESERVFAIL' }, 'a server that fails knows nothing')
})

test('localhost is known without any file', async () => {
  const { addresses } = await new SystemResolver({ hosts: '/nowhere' }).resolve('localhost', [])
  assert.ok(addresses.includes('127.0.0.1') || addresses.includes('::1'), addresses.join(' '))
})
