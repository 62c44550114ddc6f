import type { Reason } from '@vrata/http1'
import type { Reading } from './transcript.ts'

/** A message, or several in a row, and what must become of it. Seeds of the fuzzer, rows of the tests. */
export interface Case {
  readonly name: string
  readonly bytes: Buffer
  readonly reading: Reading
  /** `accepted`, or the reason of the first refusal. */
  readonly expect: 'accepted' | Reason
}

/** Bytes of a text in which every character is one byte. */
export function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

/** A head: the lines, each with CRLF, and the empty line. */
export function head(...lines: string[]): string {
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** A GET with Host and these header lines. */
export function get(...lines: string[]): string {
  return head('GET / HTTP/1.1', 'Host: a.example', ...lines)
}

/** A POST with Host and these header lines. */
export function post(...lines: string[]): string {
  return head('POST /in HTTP/1.1', 'Host: a.example', ...lines)
}

/** A chunked POST with this text after its head. */
export function chunked(body: string): string {
  return post('Transfer-Encoding: chunked') + body
}

export const server: Reading = { role: 'server' }
export const client: Reading = { role: 'client' }

type Row = readonly [name: string, text: string, expect: 'accepted' | Reason, reading?: Reading]

/** Rows as cases; `reading` for those that do not say otherwise. */
export function table(reading: Reading, rows: readonly Row[]): Case[] {
  return rows.map(([name, text, expect, own]) => ({ name, bytes: bytesOf(text), expect, reading: own ?? reading }))
}
