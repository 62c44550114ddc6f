import { readdirSync, readFileSync } from 'node:fs'
import type { Reading } from './transcript.ts'

/** One file of the corpus. */
export interface Seed {
  readonly name: string
  readonly bytes: Buffer
  readonly reading: Reading
}

export const corpusDirectory = new URL('./corpus/', import.meta.url)

/**
 * How to read a file of the corpus: `request-….http` as a server; `response-….http` as a client after GET, with
 * `-head`, `-connect` or `-upgrade` behind `response` after such a request.
 */
function readingOf(name: string): Reading {
  if (name.startsWith('request')) return { role: 'server' }
  if (name.startsWith('response-head')) return { role: 'client', method: 'HEAD' }
  if (name.startsWith('response-connect')) return { role: 'client', method: 'CONNECT' }
  if (name.startsWith('response-upgrade')) return { role: 'client', upgrade: 'websocket' }
  return { role: 'client' }
}

/** All committed messages: recorded from real programs, and inputs that once found a fault. */
export function corpus(): Seed[] {
  return readdirSync(corpusDirectory)
    .filter((name) => name.endsWith('.http'))
    .sort()
    .map((name) => ({ name, bytes: readFileSync(new URL(name, corpusDirectory)), reading: readingOf(name) }))
}
