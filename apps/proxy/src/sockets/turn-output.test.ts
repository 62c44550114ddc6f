import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { eventually, own, type Scope } from '@vrata/testkit'
import fc from 'fast-check'
import { authorityPem, siteKey, sitePem } from '../listeners/testing/tls-material.ts'
import { connectDirectly } from './direct-socket.ts'
import { TurnOutput } from './turn-output.ts'

/** A connection that is written to, and what its other end got. */
class Line {
  readonly near: Socket
  readonly far: Socket
  readonly #got: Buffer[] = []
  /** Sizes of what came in one read each. */
  readonly reads: number[] = []
  received = 0

  constructor(t: Scope, near: Socket, far: Socket) {
    this.near = near
    this.far = far
    for (const socket of [near, far]) {
      socket.on('error', () => undefined)
      own(t, () => socket.destroy())
    }
    far.pause()
    far.on('data', (bytes: Buffer) => {
      this.#got.push(bytes)
      this.reads.push(bytes.length)
      this.received += bytes.length
    })
  }

  read(): this {
    this.far.resume()
    return this
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#got)
  }

  get text(): string {
    return this.bytes.toString('latin1')
  }

  async got(text: string): Promise<void> {
    await eventually(`"${text}" at the other end`, () => this.received >= text.length)
    assert.equal(this.text, text)
  }
}

type Open = (t: Scope) => Promise<() => Promise<Line>>

const plain: Open = async (t) => {
  const server = createServer({ noDelay: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  own(t, () => server.close())
  return async () => {
    const accepted = once(server, 'connection')
    const near = connectDirectly({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', noDelay: true })
    const [[far]] = await Promise.all([accepted as Promise<[Socket]>, once(near, 'connect')])
    return new Line(t, near, far)
  }
}

const secure: Open = async (t) => {
  const server = createTlsServer({ cert: sitePem, key: siteKey })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  own(t, () => server.close())
  return async () => {
    const accepted = once(server, 'secureConnection')
    const { port } = server.address() as AddressInfo
    const near = connectTls({ port, host: '127.0.0.1', ca: authorityPem, checkServerIdentity: () => undefined })
    const [[far]] = await Promise.all([accepted as Promise<[Socket]>, once(near, 'secureConnect')])
    return new Line(t, near, far)
  }
}

async function several(t: Scope, open: Open, count: number): Promise<{ line: Line; output: TurnOutput }[]> {
  const line = await open(t)
  const all: { line: Line; output: TurnOutput }[] = []
  for (let at = 0; at < count; at++) {
    const opened = await line()
    all.push({ line: opened, output: new TurnOutput(opened.near) })
  }
  return all
}

/** What a connection sends: bytes that tell which one it is and where in its stream they stand. */
class Pattern {
  readonly #seed: number
  at = 0

  constructor(seed: number) {
    this.#seed = seed
  }

  byte(at: number): number {
    return (this.#seed * 89 + at + (at >>> 8) * 31 + (at >>> 16) * 7) & 0xff
  }

  next(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length)
    for (let at = 0; at < length; at++) bytes[at] = this.byte(this.at + at)
    this.at += length
    return bytes
  }

  check(bytes: Buffer): void {
    assert.equal(bytes.length, this.at)
    for (let at = 0; at < bytes.length; at++) {
      if (bytes[at] !== this.byte(at)) assert.fail(`stream ${this.#seed}: byte ${at} of ${bytes.length} is wrong`)
    }
  }
}

describe('what is written in a turn', () => {
  test('leaves in one write at its end, not before', async (t) => {
    const [{ line, output } = assert.fail()] = await several(t, plain, 1)
    line.read()
    output.write(['head\r\n', Buffer.from('body')])
    output.write(['tail'])
    await Promise.resolve()
    assert.deepEqual([line.near.bytesWritten, output.held], [0, 14])
    await turn()
    assert.deepEqual([line.near.bytesWritten, output.held], [14, 0])
    await line.got('head\r\nbodytail')
    assert.deepEqual(line.reads, [14])
  })

  test('keeps its order for each of many connections whose pieces are interleaved', async (t) => {
    const all = await several(t, plain, 5)
    const expected = all.map(() => '')
    for (let round = 0; round < 7; round++) {
      for (const [at, { output }] of all.entries()) {
        const piece = `${round}:${String(at).repeat(at * round)};`
        expected[at] += piece
        output.write(round % 2 === 0 ? [piece] : [Buffer.from(piece), ''])
      }
    }
    for (const [at, { line }] of all.entries()) await line.read().got(expected[at] ?? '')
  })

  test('may be overwritten by its owner as soon as it is given', async (t) => {
    const [{ line, output } = assert.fail()] = await several(t, plain, 1)
    const bytes = Buffer.from('mine')
    output.write([bytes])
    bytes.fill('x')
    await line.read().got('mine')
  })

  test('texts are one byte for each character', async (t) => {
    const [{ line, output } = assert.fail()] = await several(t, plain, 1)
    const all = Array.from({ length: 256 }, (_, at) => String.fromCharCode(at)).join('')
    const long = all.repeat(300) // not copied
    output.write([all, long, all])
    await line.read().got(all + long + all)
  })

  test('goes out at once when it is more than is held back', async (t) => {
    const [{ line, output } = assert.fail()] = await several(t, plain, 1)
    const pattern = new Pattern(1)
    output.write([pattern.next(16_384)])
    assert.equal(line.near.bytesWritten, 0)
    output.write([pattern.next(1)])
    assert.deepEqual([line.near.bytesWritten, output.held], [16_385, 0])
    line.read()
    await eventually('all to come', () => line.received === pattern.at)
    pattern.check(line.bytes)
  })

  test('flush() writes now, and what follows comes behind it', async (t) => {
    const [one = assert.fail(), two = assert.fail()] = await several(t, plain, 2)
    one.output.write(['a1'])
    two.output.write(['b1'])
    one.output.flush()
    assert.equal(one.line.near.bytesWritten, 2)
    one.output.write(['a2'])
    two.output.write(['b2'])
    two.output.flush()
    one.output.write(['a3'])
    two.output.flush()
    await one.line.read().got('a1a2a3')
    await two.line.read().got('b1b2')
  })

  test('drop() forgets what is held back, of this connection alone', async (t) => {
    const [one = assert.fail(), two = assert.fail(), three = assert.fail()] = await several(t, plain, 3)
    one.output.write(['lost'])
    two.output.write(['kept'])
    three.output.write(['lost too'])
    three.output.drop()
    two.output.write(['!'])
    one.output.drop()
    one.output.write(['new'])
    assert.deepEqual([one.output.held, two.output.held, three.output.held], [3, 5, 0])
    await one.line.read().got('new')
    await two.line.read().got('kept!')
    assert.equal(three.line.near.bytesWritten, 0)
  })

  test('may be more than the memory: over many connections', async (t) => {
    const all = await several(t, plain, 24)
    const patterns = all.map((_, at) => new Pattern(at))
    for (let round = 0; round < 3; round++) {
      for (const [at, { output }] of all.entries()) output.write([patterns[at]?.next(5_000 + at) ?? ''])
    }
    for (const [at, { line }] of all.entries()) {
      line.read()
      await eventually('all to come', () => line.received === patterns[at]?.at)
      patterns[at]?.check(line.bytes)
    }
  })

  test('is nothing after a socket was destroyed, and disturbs nobody', async (t) => {
    const [one = assert.fail(), two = assert.fail()] = await several(t, plain, 2)
    one.output.write(['gone'])
    two.output.write(['here'])
    one.line.near.destroy()
    await two.line.read().got('here')
    one.output.write(['again'])
    await turn()
    assert.equal(one.output.held, 0)
  })

  test('waits for a connection that is still being opened, in memory of its own', async (t) => {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    own(t, () => server.close())
    const accepted = once(server, 'connection') as Promise<[Socket]>
    const [{ line, output: other } = assert.fail()] = await several(t, plain, 1)
    const near = connectDirectly({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' })
    const output = new TurnOutput(near)
    output.write(['early'])
    output.flush()
    other.write(['OTHER'])
    await line.read().got('OTHER')
    const [far] = await accepted
    await new Line(t, near, far).read().got('early')
  })
})

for (const [name, open] of [
  ['in clear text', plain],
  ['with TLS', secure],
] as const) {
  describe(`a reader that does not keep up, ${name}`, () => {
    test('gets every byte, whatever is written to others meanwhile', async (t) => {
      const all = await several(t, open, 4)
      const patterns = all.map((_, at) => new Pattern(at + 1))
      const sizes = [1, 300, 4_096, 12_000, 16_385, 65_536, 65_537, 100_000, 7]
      // The first two do not read until the end, the others at once.
      for (const { line } of all.slice(2)) line.read()
      const isSlow = ({ line }: { readonly line: Line }) => line.near.writableLength > 500_000
      for (let round = 0; round < 1_000 && !all.slice(0, 2).every(isSlow); round++) {
        for (const [at, { output, line }] of all.entries()) {
          const size = sizes[(round + at) % sizes.length] ?? 0
          if (line.near.writableLength < 1_000_000) output.write([patterns[at]?.next(size) ?? ''])
        }
        await turn()
      }
      assert.ok(all.slice(0, 2).every(isSlow))
      for (const { line } of all) line.read()
      for (const [at, { line }] of all.entries()) {
        await eventually('all to come', () => line.received === patterns[at]?.at)
        patterns[at]?.check(line.bytes)
      }
    })

    test('takes it up again and stops again, many times', async (t) => {
      const [slow = assert.fail(), fast = assert.fail()] = await several(t, open, 2)
      const slowly = new Pattern(1)
      const fastly = new Pattern(2)
      fast.line.read()
      for (let round = 0; round < 6; round++) {
        slow.line.far.pause()
        for (let more = 0; more < 1_000 && slow.line.near.writableLength < 200_000; more++) {
          slow.output.write([slowly.next(9_000)])
          fast.output.write([fastly.next(2_000)])
          await turn()
        }
        assert.ok(slow.line.near.writableLength > 0)
        slow.line.read()
        await eventually('it to have caught up', () => slow.line.received === slowly.at)
      }
      await eventually('all to come', () => fast.line.received === fastly.at)
      slowly.check(slow.line.bytes)
      fastly.check(fast.line.bytes)
    })

    test('is told of, each time that something is left behind', async (t) => {
      const line = await (await open(t))()
      let behind = 0
      const output = new TurnOutput(line.near, () => behind++)
      for (let more = 0; more < 1_000 && line.near.writableLength < 100_000; more++) {
        output.write([Buffer.alloc(15_000)])
        const before = behind
        await turn()
        assert.equal(behind > before, line.near.writableLength > 0 || open === secure)
      }
      const before = behind
      output.write([Buffer.alloc(70_000)]) // not copied
      assert.equal(behind, before + 1)
    })
  })
}

const piece = fc.record({
  to: fc.nat(4),
  length: fc.oneof(fc.nat(40), fc.nat(20_000), fc.integer({ min: 60_000, max: 70_000 })),
  asText: fc.boolean(),
  next: fc.constantFrom('nothing', 'nothing', 'nothing', 'flush', 'turn', 'stop', 'read'),
})

test('whatever is written, flushed and not read: each connection gets its own bytes in their order', async (t) => {
  const open = await plain(t)
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { minLength: 20, maxLength: 150 }), async (steps) => {
      const lines: Line[] = []
      while (lines.length < 5) lines.push(await open())
      const outputs = lines.map(({ near }) => new TurnOutput(near))
      const patterns = lines.map((_, at) => new Pattern(at + 1))
      for (const { to, length, asText, next } of steps) {
        const bytes = patterns[to]?.next(length) ?? assert.fail()
        outputs[to]?.write([asText ? bytes.toString('latin1') : bytes])
        if (next === 'flush') outputs[to]?.flush()
        else if (next === 'turn') await turn()
        else if (next === 'stop') lines[to]?.far.pause()
        else if (next === 'read') lines[to]?.read()
      }
      for (const [at, line] of lines.entries()) {
        line.read()
        await eventually('all to come', () => line.received === patterns[at]?.at, { every: 1 })
        patterns[at]?.check(line.bytes)
        line.near.destroy()
      }
    }),
    { numRuns: 25 },
  )
})

/** Bytes outside of the collector's heap that are still in use. */
async function usedMemory(): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  for (let rounds = 0; rounds < 5; rounds++) {
    collect()
    await turn()
  }
  return process.memoryUsage().arrayBuffers
}

test('a connection that has nothing to write keeps no memory of those that had', async (t) => {
  const open = await plain(t)
  const filling = Buffer.alloc(16_000)
  const idle: TurnOutput[] = []
  const before = await usedMemory()
  for (let at = 0; at < 40; at++) {
    const quiet = await open()
    const output = new TurnOutput(quiet.near)
    output.write(['x'])
    idle.push(output)
    // The write that is not taken at once is left the memory.
    const slow = await open()
    const filled = new TurnOutput(slow.near)
    for (let more = 0; more < 1_000 && slow.near.writableLength === 0; more++) {
      filled.write([filling])
      await turn()
    }
    assert.ok(slow.near.writableLength > 0)
    slow.near.destroy()
    slow.far.removeAllListeners('data').read() // what it holds would count as well
    slow.far.destroy()
  }
  const grown = (await usedMemory()) - before
  assert.ok(grown < 20 * 131_072, `${grown} bytes are kept for ${idle.length} connections`)
})
