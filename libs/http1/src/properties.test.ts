import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bytesOf } from '../fuzz/cases.ts'
import { corpus } from '../fuzz/corpus.ts'
import { checkForwarding, checkReading, lowLimits } from '../fuzz/invariants.ts'
import { mutate, randomCuts } from '../fuzz/mutate.ts'
import { seededRandom } from '../fuzz/random.ts'
import { badRequests, goodRequests, smugglingRequests } from '../fuzz/request-cases.ts'
import { badResponses, goodResponses } from '../fuzz/response-cases.ts'
import { cut } from '../fuzz/transcript.ts'
import { outgoingBytes } from './body-writer.ts'
import { ClientConnection } from './client-connection.ts'
import { FieldLines } from './field-lines.ts'
import { fieldName, nameFlag } from './field-names.ts'
import type { Fields } from './fields.ts'
import { ServerConnection } from './server-connection.ts'

const tokenCharacters = [..."!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"]
const token = fc.string({ unit: fc.constantFrom(...tokenCharacters), minLength: 1, maxLength: 20 })
const valueCharacters = [
  '\t',
  ...Array.from({ length: 224 }, (_, n) => String.fromCharCode(32 + n)).filter((c) => c !== '\x7f'),
]
/** Values as they arrive: white space around them does not belong to them. */
const value = fc
  .string({ unit: fc.constantFrom(...valueCharacters), maxLength: 40 })
  .map((text) => text.replace(/^[\t ]+|[\t ]+$/g, ''))
const flagsThatBind = nameFlag.reserved | nameFlag.hopByHop | nameFlag.trailerDropped | nameFlag.trailerRefused
const freeName = token.filter((name) => ((fieldName(name)?.flags ?? 0) & flagsThatBind) === 0)
const lines = fc.array(fc.tuple(freeName, value), { maxLength: 12 })
const target = fc
  .string({
    unit: fc.constantFrom(...valueCharacters.filter((c) => c > ' ' && c < '\x7f' && c !== '#')),
    maxLength: 60,
  })
  .map((text) => `/${text}`)
const label = fc.string({ unit: fc.constantFrom(...'abcXYZ019-_'), minLength: 1, maxLength: 9 })
const host = fc
  .tuple(fc.array(label, { minLength: 1, maxLength: 4 }), fc.option(fc.nat(65_535)))
  .map(([labels, port]) => labels.join('.') + (port === null ? '' : `:${port}`))
const pieces = fc.array(
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  { maxLength: 5 },
)
const framing = fc.constantFrom('none', 'length', 'unknown')
const seeds = [...[goodRequests, badRequests, smugglingRequests, goodResponses, badResponses].flat(), ...corpus()]

function fieldLines(from: readonly (readonly [string, string])[]): FieldLines {
  const made = new FieldLines()
  for (const [name, text] of from) made.add(name, text)
  return made
}

/** The lines that are not the codec's own. */
function ownLines(fields: Fields): (readonly [string, string])[] {
  return [...fields].filter((_, index) => (fields.name(index).flags & nameFlag.reserved) === 0)
}

function readAll(connection: ServerConnection | ClientConnection, bytes: Buffer, cuts: readonly number[]) {
  const seen = { heads: 0, fields: [] as (readonly [string, string])[], start: [] as unknown[], body: [] as Buffer[] }
  let trailers: (readonly [string, string])[] = []
  for (const piece of cut(bytes, cuts)) {
    connection.receive(piece)
    for (
      let event = connection.next();
      event.kind !== 'need-data' && event.kind !== 'paused';
      event = connection.next()
    ) {
      if (event.kind === 'refused') throw new Error(event.reason)
      if (event.kind === 'closed') break
      if (event.kind === 'request') seen.start = [event.method, event.target, event.fields.get('host')]
      if (event.kind === 'response') seen.start = [event.status, event.phrase]
      if (event.kind === 'request' || event.kind === 'response') {
        seen.heads++
        seen.fields = ownLines(event.fields)
      }
      if (event.kind === 'data') seen.body.push(event.bytes)
      if (event.kind === 'end') trailers = [...(event.trailers ?? [])]
    }
  }
  return { ...seen, body: Buffer.concat(seen.body).toString('latin1'), trailers }
}

/** Offsets to cut bytes at, from a generated seed. */
function cutsFor(bytes: Buffer, seed: number): number[] {
  return randomCuts(bytes.length, seededRandom(seed))
}

test('a request that was written is read as what was written', () => {
  const message = fc.record({
    method: token.filter((name) => name !== 'CONNECT'),
    target,
    host,
    lines,
    framing,
    pieces,
    trailers: lines,
    seed: fc.nat(),
  })
  fc.assert(
    fc.property(message, ({ trailers, seed, ...sent }) => {
      const connection = new ClientConnection()
      const body = sent.framing === 'none' ? [] : sent.pieces
      const size = body.reduce((sum, piece) => sum + piece.length, 0)
      const length = sent.framing === 'length' ? size : sent.framing === 'none' ? 'none' : 'unknown'
      const out = [
        connection.start({
          method: sent.method,
          target: sent.target,
          host: sent.host,
          fields: fieldLines(sent.lines),
          length,
        }),
      ]
      for (const piece of body) out.push(connection.data(piece))
      out.push(connection.end(fieldLines(trailers)))
      const bytes = outgoingBytes(out.flat())
      const seen = readAll(new ServerConnection(), bytes, cutsFor(bytes, seed))
      assert.deepEqual(seen, {
        heads: 1,
        start: [sent.method, sent.target, sent.host],
        fields: sent.lines,
        body: Buffer.concat(body).toString('latin1'),
        trailers: sent.framing === 'unknown' ? trailers : [],
      })
    }),
  )
})

test('a response that was written is read as what was written', () => {
  const status = fc.integer({ min: 200, max: 599 }).filter((code) => code !== 204 && code !== 304)
  const message = fc.record({
    status,
    phrase: value,
    lines,
    framing: fc.constantFrom('length', 'unknown'),
    pieces,
    trailers: lines,
    seed: fc.nat(),
  })
  fc.assert(
    fc.property(message, ({ trailers, seed, ...sent }) => {
      const connection = new ServerConnection()
      connection.receive(bytesOf('GET / HTTP/1.1\r\nHost: a\r\n\r\n'))
      connection.next()
      const size = sent.pieces.reduce((sum, piece) => sum + piece.length, 0)
      const length = sent.framing === 'length' ? size : 'unknown'
      const out = [
        connection.start({ status: sent.status, phrase: sent.phrase, fields: fieldLines(sent.lines), length }),
      ]
      for (const piece of sent.pieces) out.push(connection.data(piece))
      out.push(connection.end(fieldLines(trailers)))
      const bytes = outgoingBytes(out.flat())
      const client = new ClientConnection()
      client.start({ method: 'GET', target: '/', host: 'a', length: 'none' }, undefined, true)
      const seen = readAll(client, bytes, cutsFor(bytes, seed))
      assert.deepEqual(seen, {
        heads: 1,
        start: [sent.status, sent.phrase],
        fields: sent.lines,
        body: Buffer.concat(sent.pieces).toString('latin1'),
        trailers: sent.framing === 'unknown' ? trailers : [],
      })
      assert.equal(client.reusable, true)
    }),
  )
})

test('no text makes more than one line of a header', () => {
  const anything = fc.string({ unit: 'binary', maxLength: 30 })
  fc.assert(
    fc.property(anything, anything, (name, text) => {
      let written: string
      try {
        written = new FieldLines().add(name, text).text
      } catch {
        return // refused: nothing is written
      }
      assert.equal(Buffer.from(written, 'latin1').toString('latin1'), written)
      assert.match(written, /^[^\r\n\0:]+: [^\r\n\0]*\r\n$/)
    }),
  )
})

test('no method, target or Host makes another request than it says', () => {
  const anything = fc.string({ unit: fc.constantFrom(...'GET /*ahtp:.?#@[]\r\n\0\t\u010a%'), maxLength: 12 })
  fc.assert(
    fc.property(anything, anything, anything, (method, path, authority) => {
      const connection = new ClientConnection()
      let out: Buffer
      try {
        out = outgoingBytes(
          connection.start({ method, target: path, host: authority, length: 'none' }, undefined, true),
        )
      } catch {
        return // refused: nothing is written
      }
      assert.deepEqual(readAll(new ServerConnection(), out, []).start, [method, path, authority])
    }),
    { numRuns: 2000 },
  )
})

test('mutated messages break no promise: no crash, same events however cut, bounded buffers, safe to forward', () => {
  fc.assert(
    fc.property(
      fc.nat(),
      fc.nat(seeds.length - 1),
      fc.nat(seeds.length - 1),
      fc.boolean(),
      (seed, index, second, low) => {
        const [start, other] = [seeds[index], seeds[second]]
        if (start === undefined || other === undefined) throw new RangeError('no such seed')
        const random = seededRandom(seed)
        const bytes = mutate(start.bytes, other.bytes, random)
        const reading = low ? { ...start.reading, limits: lowLimits } : start.reading
        checkReading(bytes, reading, randomCuts(bytes.length, random))
        if (reading.role === 'server') checkForwarding(bytes, reading.limits)
      },
    ),
    { numRuns: 5000 },
  )
})

test('bytes without any sense break no promise', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), fc.boolean(), (noise, seed, isServer) => {
      const bytes = Buffer.from(noise)
      checkReading(bytes, { role: isServer ? 'server' : 'client' }, cutsFor(bytes, seed))
    }),
    { numRuns: 2000 },
  )
})
