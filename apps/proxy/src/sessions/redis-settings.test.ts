import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SessionStoreConfig } from '@vrata/service'
import { redisSettings } from './redis-settings.ts'

function settings(redis: object) {
  const { redis: config } = SessionStoreConfig.parse({ type: 'redis', redis })
  assert.ok(config)
  const { host, port, username, password, db, tls } = redisSettings(config)
  return { host, port, username, password, db, tls }
}

const plain = { host: 'localhost', port: 6379, username: undefined, password: undefined, db: 0, tls: undefined }
const pem = '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n'

const cases: readonly (readonly [string, object, Partial<ReturnType<typeof settings>>])[] = [
  ['nothing', {}, {}],
  ['an address', { address: 'redis.test:7000' }, { host: 'redis.test', port: 7000 }],
  ['an IPv6 address', { address: '[::1]:7000' }, { host: '::1', port: 7000 }],
  ['a password and a database', { password: 'p:/@', db: 3 }, { password: 'p:/@', db: 3 }],
  ['TLS beside an address', { tls: {} }, { tls: {} }],
  [
    'a private authority and a name',
    { tls: { ca: pem, serverName: 'redis.test' } },
    { tls: { ca: pem, servername: 'redis.test' } },
  ],
  ['a client certificate', { tls: { cert: pem, key: pem } }, { tls: { cert: pem, key: pem } }],
  ['a URL', { url: 'redis://redis.test' }, { host: 'redis.test' }],
  [
    'a URL with everything',
    { url: 'rediss://ann:p%40ss@redis.test:7000/5' },
    { host: 'redis.test', port: 7000, username: 'ann', password: 'p@ss', db: 5, tls: {} },
  ],
  ['a URL with IPv6', { url: 'redis://[::1]:7000/' }, { host: '::1', port: 7000 }],
  [
    'keys beside a URL, which win',
    { url: 'redis://:old@redis.test/5', password: 'new', db: 6 },
    { host: 'redis.test', password: 'new', db: 6 },
  ],
]

for (const [what, config, expected] of cases) {
  test(`how Redis is reached: ${what}`, () => assert.deepEqual(settings(config), { ...plain, ...expected }))
}

test('a file that cannot be read is named by its key', () => {
  assert.throws(() => settings({ tls: { ca: '/nowhere/ca.pem' } }), /sessionStore\.redis\.tls\.ca.*\/nowhere\/ca\.pem/)
})
