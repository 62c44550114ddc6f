import type { LoadResult } from './result.ts'

/** What h2load is asked to do. */
export interface H2loadRun {
  readonly url: string
  readonly seconds: number
  readonly connections: number
  /** Requests under way on each connection. */
  readonly streams: number
  readonly threads: number
}

/** The command for one run of h2load, which speaks HTTP/2 with whoever offers it. */
export function h2loadCommand({ url, seconds, connections, streams, threads }: H2loadRun): string[] {
  return ['h2load', `-t${threads}`, `-c${connections}`, `-m${streams}`, `-D${seconds}`, '--warm-up-time=0', url]
}

/**
 * Reads what h2load prints at the end. Throws when it is something else, and when the server spoke HTTP/1.1: h2load
 * goes on with that without a word.
 */
export function parseH2load(output: string): LoadResult {
  const rate = /^finished in [^,]+, ([\d.]+) req\/s/m.exec(output)?.[1]
  const ended = /(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout/.exec(output)
  const statuses = /status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx/.exec(output)
  if (rate === undefined || ended === null || statuses === null) throw new Error(`h2load printed no rate:\n${output}`)
  const protocol = /^Application protocol: (\S+)/m.exec(output)?.[1]
  if (protocol !== 'h2' && protocol !== 'h2c') throw new Error(`the server speaks ${protocol ?? 'nothing'}, not HTTP/2`)
  const [, , failed, errored, timeout] = ended.map(Number)
  const [, , , status4xx, status5xx] = statuses.map(Number)
  const broken = (failed ?? 0) + (errored ?? 0) + (timeout ?? 0)
  // a failed request is one with such a status, or one whose stream was reset; it must not count twice
  const errors = Math.max(broken, (status4xx ?? 0) + (status5xx ?? 0))
  return { rate: Number(rate), errors, latency: undefined }
}
