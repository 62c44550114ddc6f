import assert from 'node:assert/strict'
import { Resolver } from 'node:dns/promises'
import { test } from 'node:test'
import { startDnsServer } from './dns-server.ts'

test('a name server answers A and AAAA with a time to live, and says what does not exist', async (t) => {
  const server = await startDnsServer(t)
  const resolver = new Resolver({ timeout: 30_000, tries: 1 })
  const impatient = new Resolver({ timeout: 200, tries: 1 })
  for (const one of [resolver, impatient]) one.setServers([server.address])
  server.set('www.shop.test', ['127.0.0.2', '::1', '127.0.0.1', '2001:db8::5:0:9'], 7)
  assert.deepEqual(await resolver.resolve4('WWW.shop.test', { ttl: true }), [
    { address: '127.0.0.2', ttl: 7 },
    { address: '127.0.0.1', ttl: 7 },
  ])
  assert.deepEqual(await resolver.resolve6('www.shop.test'), ['::1', '2001:db8::5:0:9'])
  assert.deepEqual(server.questions, ['A www.shop.test', 'AAAA www.shop.test'])
  server.set('www.shop.test', ['127.0.0.3'])
  await assert.rejects(resolver.resolve6('www.shop.test'), { code: 'ENODATA' })
  server.remove('www.shop.test')
  await assert.rejects(resolver.resolve4('www.shop.test'), { code: 'ENOTFOUND' })
  server.fail('www.shop.test', 'SERVFAIL')
  await assert.rejects(resolver.resolve4('www.shop.test'), { code: 'ESERVFAIL' })
  server.fail('www.shop.test', 'silence', 'A')
  await assert.rejects(impatient.resolve4('www.shop.test'), { code: 'ETIMEOUT' })
})
