import type { LoadResult } from './result.ts'

/** What wrk is asked to do. */
export interface WrkRun {
  readonly url: string
  readonly seconds: number
  readonly connections: number
  readonly threads: number
  /** `Name: value` lines. */
  readonly headers?: readonly string[]
  /** File with a script in Lua. */
  readonly script?: string
}

/** The command for one run of wrk over HTTP/1.1. */
export function wrkCommand({ url, seconds, connections, threads, headers = [], script }: WrkRun): string[] {
  return [
    'wrk',
    '--latency',
    '--timeout',
    '60s', // longer than a machine may stand still: that is no fault of what is measured
    `-t${threads}`,
    `-c${connections}`,
    `-d${seconds}s`,
    ...headers.flatMap((line) => ['-H', line]),
    ...(script === undefined ? [] : ['-s', script]),
    url,
  ]
}

/** A script for wrk that sends a POST with a body of so many bytes in every request. */
export function postScript(bytes: number): string {
  return `wrk.method = "POST"
wrk.body = string.rep("x", ${bytes})
wrk.headers["Content-Type"] = "application/octet-stream"
`
}

/** Reads what wrk prints with `--latency`. Throws when it is something else. */
export function parseWrk(output: string): LoadResult {
  const rate = /^Requests\/sec:\s+([\d.]+)/m.exec(output)?.[1]
  if (rate === undefined) throw new Error(`wrk printed no rate:\n${output}`)
  const socketErrors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output)
  const badStatus = /Non-2xx or 3xx responses: (\d+)/.exec(output)?.[1] ?? '0'
  const p50 = percentileLine(output, 50)
  const p99 = percentileLine(output, 99)
  return {
    rate: Number(rate),
    errors: [...(socketErrors?.slice(1) ?? []), badStatus].reduce((sum, count) => sum + Number(count), 0),
    latency: p50 === undefined || p99 === undefined ? undefined : { p50, p99 },
  }
}

/** Milliseconds of a line such as `     99%    2.80ms`. */
function percentileLine(output: string, percent: number): number | undefined {
  const line = new RegExp(`^\\s+${percent}%\\s+(\\S+)`, 'm').exec(output)?.[1]
  return line === undefined ? undefined : milliseconds(line)
}

const unitsInMilliseconds: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** A time as wrk and h2load print it: a number and its unit. NaN for anything else. */
export function milliseconds(text: string): number {
  const [, amount, unit = ''] = /^([\d.]+)([a-z]+)$/.exec(text) ?? []
  return Number(amount) * (unitsInMilliseconds[unit] ?? Number.NaN)
}
