import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { describe, test } from 'node:test'
import { eventually, own, type Scope } from '@vrata/testkit'
import { call, LiveBody, openPool } from '../../testing/upstream-calls.ts'

/** An endpoint that does `act` when the first bytes of a request are there. */
async function endpoint(t: Scope, act: (socket: Socket) => void) {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => act(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  own(t, () => void server.close())
  const address = server.address()
  return openPool(t, typeof address === 'object' ? (address?.port ?? 0) : 0)
}

describe('an endpoint that closes its connection while it is still written to', () => {
  test('an answer that it gave before is heard', async (t) => {
    const body = new LiveBody()
    const pool = await endpoint(t, (socket) => {
      socket.write('HTTP/1.1 413 Content Too Large\r\ncontent-length: 3\r\n\r\nbig')
      socket.destroy()
      // All of this before anybody has read the answer: the first piece is answered by a reset, the next ones fail.
      for (let times = 0; times < 3; times++) body.send(Buffer.alloc(100_000))
    })
    const { outcome } = call(pool, { method: 'POST', body })
    const { status, body: answer, failure } = await outcome
    assert.deepEqual([status, answer, failure?.reason], [413, 'big', undefined])
    await eventually('the connection to be forgotten', () => pool.load.connections === 0)
  })

  test('without an answer it is what it was: a reset', async (t) => {
    const body = new LiveBody()
    const pool = await endpoint(t, (socket) => {
      socket.resetAndDestroy()
      for (let times = 0; times < 3; times++) body.send(Buffer.alloc(100_000))
    })
    const { outcome } = call(pool, { method: 'POST', body })
    assert.equal((await outcome).failure?.reason, 'connection_reset')
    await eventually('the connection to be forgotten', () => pool.load.connections === 0)
  })
})
