import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { eventually, freePort, own, type Scope } from '@vrata/testkit'
import { connectDirectly, DirectSocket, directly, kept, stopTakingFrom, takeFrom } from './direct-socket.ts'

interface Pair {
  readonly direct: DirectSocket
  readonly peer: Socket
  readonly server: Server
}

/** A server on a free port. */
async function listening(t: Scope): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, noDelay: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  own(t, () => server.close())
  return server
}

function owned<S extends Socket>(t: Scope, socket: S): S {
  socket.on('error', () => undefined)
  own(t, () => socket.destroy())
  return socket
}

/** An accepted connection that is read directly, and the ordinary one at its other end. */
async function acceptedPair(t: Scope): Promise<Pair> {
  const server = await listening(t)
  const accepted = once(server, 'connection').then(([socket]: Socket[]) => directly(socket ?? assert.fail()))
  const { port } = server.address() as AddressInfo
  const peer = owned(t, connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true }))
  return { server, peer, direct: owned(t, await accepted) }
}

/** The same for a connection that we open. */
async function openedPair(t: Scope): Promise<Pair> {
  const server = await listening(t)
  const accepted = once(server, 'connection')
  const { port } = server.address() as AddressInfo
  const direct = owned(t, connectDirectly({ port, host: '127.0.0.1', allowHalfOpen: true }))
  const [[peer]] = await Promise.all([accepted as Promise<[Socket]>, once(direct, 'connect')])
  return { server, direct, peer: owned(t, peer) }
}

/** Collects copies of what comes. */
class Taken {
  readonly pieces: Buffer[] = []
  readonly take = (bytes: Buffer): void => void this.pieces.push(Buffer.from(bytes))

  get text(): string {
    return Buffer.concat(this.pieces).toString('latin1')
  }

  get length(): number {
    return this.pieces.reduce((sum, { length }) => sum + length, 0)
  }

  async until(text: string): Promise<void> {
    await eventually(`"${text}" to be taken`, () => this.text === text)
  }
}

for (const [name, open] of [
  ['an accepted connection', acceptedPair],
  ['one that we opened', openedPair],
] as const) {
  describe(name, () => {
    test('bytes are overwritten by the next ones, on whichever connection; kept ones are not', async (t) => {
      const { direct, peer } = await open(t)
      const other = await open(t)
      const views: Buffer[] = []
      const copies: Buffer[] = []
      takeFrom(direct, (bytes) => {
        views.push(bytes)
        copies.push(kept(bytes))
      })
      peer.write('first')
      await eventually('the first bytes', () => views.length === 1)
      const taken = new Taken()
      takeFrom(other.direct, taken.take)
      other.peer.write('OTHER')
      await taken.until('OTHER')
      assert.equal(views[0]?.toString(), 'OTHER')
      assert.equal(copies[0]?.toString(), 'first')
    })

    test('a view into what was read is kept by a copy, other bytes as they are', async (t) => {
      const { direct, peer } = await open(t)
      const seen = Promise.withResolvers<boolean>()
      takeFrom(direct, (bytes) => {
        const part = bytes.subarray(1, 3)
        const copy = kept(part)
        seen.resolve(copy.buffer !== part.buffer && copy.equals(part) && kept(copy) === copy)
      })
      peer.write('abcd')
      assert.equal(await seen.promise, true)
    })

    test('without a taker it gives out bytes that nobody overwrites', async (t) => {
      const { direct, peer } = await open(t)
      const chunks: Buffer[] = []
      direct.on('data', (chunk: Buffer) => void chunks.push(chunk))
      for (const text of ['one', 'two', 'six']) {
        peer.write(text)
        await eventually(text, () => Buffer.concat(chunks).toString().endsWith(text))
      }
      assert.equal(Buffer.concat(chunks).toString(), 'onetwosix')
    })

    test('without a taker it can be piped, with back-pressure', async (t) => {
      const { direct, peer } = await open(t)
      const slow = new PassThrough({ highWaterMark: 1_000 })
      direct.pipe(slow)
      const sent = Buffer.alloc(400_000, 'The quick brown fox. ')
      peer.end(sent)
      await eventually('the pipe to stop', () => direct.isPaused() || slow.writableNeedDrain)
      const chunks: Buffer[] = []
      for await (const chunk of slow) chunks.push(chunk)
      assert.ok(Buffer.concat(chunks).equals(sent))
    })

    test('what is read stops at its high-water mark when nobody wants it, and goes on', async (t) => {
      const { direct, peer } = await open(t)
      peer.write(Buffer.alloc(8_000_000, 'x'))
      await eventually('the buffer to be full', () => direct.readableLength >= direct.readableHighWaterMark)
      assert.ok(direct.readableLength < direct.readableHighWaterMark + 65_536)
      let got = 0
      direct.on('data', ({ length }: Buffer) => {
        got += length
      })
      await eventually('all to come', () => got === 8_000_000)
    })

    test('a taker may be set, unset and set again between bytes', async (t) => {
      const { direct, peer } = await open(t)
      const before = new Taken()
      takeFrom(direct, before.take)
      peer.write('taken')
      await before.until('taken')
      stopTakingFrom(direct, before.take)
      peer.write('streamed')
      const [chunk] = await once(direct, 'data')
      assert.equal(String(chunk), 'streamed')
      direct.removeAllListeners('data')
      const after = new Taken()
      takeFrom(direct, after.take)
      peer.write('again')
      await after.until('again')
      assert.equal(before.text, 'taken')
    })

    test('a taker that was replaced does not end the present one', async (t) => {
      const { direct, peer } = await open(t)
      const before = new Taken()
      const after = new Taken()
      takeFrom(direct, before.take)
      takeFrom(direct, after.take)
      stopTakingFrom(direct, before.take)
      peer.write('x')
      await after.until('x')
      assert.equal(before.text, '')
    })

    test('pause() within a taker stops at once, resume() goes on without a loss', async (t) => {
      const { direct, peer } = await open(t)
      const taken = new Taken()
      takeFrom(direct, (bytes) => {
        taken.take(bytes)
        direct.pause()
      })
      const sent = Buffer.from(Array.from({ length: 1_000_000 }, (_, at) => (at * 7) % 251))
      peer.end(sent)
      let pieces = 0
      while (taken.length < sent.length) {
        await eventually('the next piece', () => taken.pieces.length > pieces)
        pieces++
        assert.equal(taken.pieces.length, pieces)
        direct.resume()
      }
      assert.ok(Buffer.concat(taken.pieces).equals(sent))
      assert.ok(pieces > 10)
    })

    test('paused, nothing is read: the sender is held up', async (t) => {
      const { direct, peer } = await open(t)
      const taken = new Taken()
      takeFrom(direct, taken.take)
      peer.write('a')
      await taken.until('a')
      direct.pause()
      direct.resume()
      direct.pause()
      const size = 16_000_000 // more than the kernel takes for one that does not read
      const written = new Promise((resolve) => peer.write(Buffer.alloc(size), resolve))
      for (let turns = 0; turns < 100; turns++) await turn()
      assert.ok(peer.writableLength > 0)
      assert.equal(taken.length, 1)
      direct.resume()
      await written
      await eventually('all to come', () => taken.length === size + 1)
    })

    test('its end is told once, and it may still write', async (t) => {
      const { direct, peer } = await open(t)
      const taken = new Taken()
      const back = new Taken()
      let ends = 0
      takeFrom(direct, taken.take)
      direct.on('end', () => ends++)
      peer.on('data', back.take)
      peer.end('last')
      await eventually('the end', () => ends === 1)
      assert.equal(taken.text, 'last')
      direct.write('still')
      await back.until('still')
      direct.end()
      await Promise.all([once(direct, 'close'), once(peer, 'close')])
      assert.equal(ends, 1)
    })

    test('a reset is told as an error', async (t) => {
      const { direct, peer } = await open(t)
      takeFrom(direct, () => undefined)
      const errors: unknown[] = []
      direct.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code))
      peer.write('x')
      peer.resetAndDestroy()
      await eventually('it to be closed', () => direct.closed)
      assert.deepEqual(errors, ['ECONNRESET'])
    })

    test('nothing is taken any more once it is destroyed', async (t) => {
      const { direct, peer } = await open(t)
      const taken = new Taken()
      takeFrom(direct, (bytes) => {
        taken.take(bytes)
        direct.destroy()
      })
      peer.write(Buffer.alloc(500_000))
      await once(direct, 'close')
      assert.equal(taken.pieces.length, 1)
      assert.equal(direct.destroyed, true)
    })

    test('the handles are those of a socket: addresses, counts, delay, reset', async (t) => {
      const { direct, peer } = await open(t)
      const taken = new Taken()
      takeFrom(direct, taken.take)
      peer.write('four')
      await taken.until('four')
      assert.equal(direct.remoteAddress, '127.0.0.1')
      assert.equal(direct.remotePort, peer.localPort)
      assert.equal(direct.bytesRead, 4)
      direct.write('back')
      assert.equal(direct.bytesWritten, 4)
      direct.setNoDelay(true).setKeepAlive(true, 1_000)
      const gone = once(peer, 'error')
      direct.resetAndDestroy()
      assert.match(String((await gone)[0]), /ECONNRESET/)
    })
  })
}

test('bytes that came before an accepted connection was taken over are not lost', async (t) => {
  const server = await listening(t)
  const peer = owned(t, connect((server.address() as AddressInfo).port, '127.0.0.1'))
  peer.end('early')
  const [accepted]: Socket[] = await once(server, 'connection')
  const direct = owned(t, directly(accepted ?? assert.fail()))
  const taken = new Taken()
  takeFrom(direct, taken.take)
  await once(direct, 'end')
  assert.equal(taken.text, 'early')
})

test('a server does not count connections that were taken over, and closes without waiting for them', async (t) => {
  const { server, direct, peer } = await acceptedPair(t)
  assert.equal(await new Promise((resolve) => server.getConnections((_, count) => resolve(count))), 0)
  await new Promise((resolve) => server.close(resolve))
  const taken = new Taken()
  takeFrom(direct, taken.take)
  peer.write('alive')
  await taken.until('alive')
})

test('the shell of an accepted connection is closed and takes nothing down with it', async (t) => {
  const server = await listening(t)
  const peer = owned(t, connect((server.address() as AddressInfo).port, '127.0.0.1'))
  const [accepted]: Socket[] = await once(server, 'connection')
  const shell = accepted ?? assert.fail()
  const closed = once(shell, 'close')
  const direct = owned(t, directly(shell))
  await closed
  const back = new Taken()
  peer.on('data', back.take)
  direct.write('hello')
  await back.until('hello')
})

test('the second address that is tried is read directly as well', async (t) => {
  const server = await listening(t)
  const { port } = server.address() as AddressInfo
  const direct = owned(
    t,
    connectDirectly({
      port,
      host: 'two.addresses',
      autoSelectFamily: true,
      lookup: (_host, _options, done) =>
        done(null, [
          { address: '::1', family: 6 },
          { address: '127.0.0.1', family: 4 },
        ]),
    }),
  )
  const [[peer]] = await Promise.all([once(server, 'connection'), once(direct, 'connect')])
  const taken = new Taken()
  takeFrom(direct, taken.take)
  owned(t, peer as Socket).write('hello')
  await taken.until('hello')
})

test('a connection that cannot be opened is an error', async (t) => {
  const direct = connectDirectly({ port: await freePort(), host: '127.0.0.1' })
  own(t, () => direct.destroy())
  const [error] = await once(direct, 'error')
  assert.equal(error.code, 'ECONNREFUSED')
})

test('bytes are taken from other sockets as well', async (t) => {
  const server = await listening(t)
  const peer = owned(t, connect((server.address() as AddressInfo).port, '127.0.0.1'))
  const [socket]: Socket[] = await once(server, 'connection')
  const plain = owned(t, socket ?? assert.fail())
  assert.ok(plain instanceof Socket && !(plain instanceof DirectSocket))
  const taken = new Taken()
  takeFrom(plain, taken.take)
  peer.write('x')
  await taken.until('x')
  stopTakingFrom(plain, taken.take)
  assert.equal(plain.listenerCount('data'), 0)
})
