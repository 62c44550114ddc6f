import assert from 'node:assert/strict'
import { test } from 'node:test'
import { redisCommand } from './redis-command.ts'
import { startRedis, withoutRedis } from './redis-server.ts'
import { startRelay } from './tcp-relay.ts'

const skip = withoutRedis()

test('a real Redis answers commands, and is empty after a restart', { skip }, async (t) => {
  const redis = await startRedis(t)
  assert.equal(await redis.command('SET', 'a', 'ä b\r\nc'), 'OK')
  assert.equal(await redis.command('GET', 'a'), Buffer.from('ä b\r\nc').toString('latin1'))
  assert.equal(await redis.command('GET', 'none'), null)
  assert.equal(await redis.command('INCR', 'n'), 1)
  assert.deepEqual(await redis.command('MGET', 'n', 'none'), ['1', null])
  await assert.rejects(redis.command('NOSUCH'), /unknown command/)
  await redis.program.kill()
  await assert.rejects(redis.command('PING'), /ECONNREFUSED/)
  await redis.restart()
  assert.equal(await redis.command('GET', 'a'), null)
})

test('a Redis with a password is asked with it', { skip }, async (t) => {
  const redis = await startRedis(t, { settings: ['--requirepass', 'open'], password: 'open' })
  assert.equal(await redis.command('PING'), 'PONG')
})

test('a relay holds back what the server says, in order', { skip }, async (t) => {
  const redis = await startRedis(t)
  const relay = await startRelay(t, redis.port)
  relay.delay = 80
  const begun = performance.now()
  assert.equal(await redisCommand(relay.port, ['PING']), 'PONG')
  assert.ok(performance.now() - begun >= 75)
  assert.equal(relay.accepted, 1)
  assert.match(relay.heard, /PING\r\n$/)
})
