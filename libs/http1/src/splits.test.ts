import assert from 'node:assert/strict'
import { test } from 'node:test'
import { corpus, type Seed } from '../fuzz/corpus.ts'
import { badRequests, goodRequests, smugglingRequests } from '../fuzz/request-cases.ts'
import { badResponses, goodResponses } from '../fuzz/response-cases.ts'
import { cut, transcribe } from '../fuzz/transcript.ts'

const messages: readonly Seed[] = [
  ...[goodRequests, badRequests, smugglingRequests, goodResponses, badResponses].flat(),
  ...corpus(),
]
/** Messages up to this size are also cut in three pieces in every possible way. */
const short = 90

function assertSameEvents({ name, bytes, reading }: Seed, offsets: readonly number[], whole: string): void {
  const found = JSON.stringify({ ...transcribe(cut(bytes, offsets), reading), mostBuffered: 0 })
  if (found !== whole) assert.deepEqual(JSON.parse(found), JSON.parse(whole), `${name}, cut at ${offsets}`)
}

function wholeTranscript({ bytes, reading }: Seed): string {
  return JSON.stringify({ ...transcribe([bytes], reading), mostBuffered: 0 })
}

test('a message cut at any byte gives the same events', () => {
  for (const message of messages) {
    const whole = wholeTranscript(message)
    for (let at = 1; at < message.bytes.length; at++) assertSameEvents(message, [at], whole)
  }
})

test('a message that drips in byte by byte gives the same events', () => {
  for (const message of messages) {
    const everywhere = Array.from({ length: Math.max(0, message.bytes.length - 1) }, (_, index) => index + 1)
    assertSameEvents(message, everywhere, wholeTranscript(message))
  }
})

test('a short message cut at any two bytes gives the same events', () => {
  for (const message of messages) {
    if (message.bytes.length > short) continue
    const whole = wholeTranscript(message)
    for (let first = 1; first < message.bytes.length; first++) {
      for (let second = first + 1; second < message.bytes.length; second++) {
        assertSameEvents(message, [first, second], whole)
      }
    }
  }
})

test('the buffers that were received may be overwritten after detach', () => {
  for (const { name, bytes, reading } of messages) {
    const whole = transcribe([bytes], reading)
    const reused = transcribe([bytes], { ...reading, reuse: 7 })
    assert.deepEqual(reused.lines, whole.lines, name)
  }
})
