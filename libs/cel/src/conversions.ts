import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator'
import { CelEvaluationError } from './errors.ts'

/** Registers a function with the engine. */
export type Add = (signature: string, handler: (...args: never[]) => unknown) => void

const timestamp = 'google.protobuf.Timestamp'
const duration = 'google.protobuf.Duration'

/** Conversions of the standard library that the engine lacks. */
export function addConversions(add: Add): void {
  add('int(uint): int', fromUint)
  add(`int(${timestamp}): int`, fromTimestamp)
  add(`string(${timestamp}): string`, timestampText)
  add(`string(${duration}): string`, durationText)
  add(`timestamp(${timestamp}): ${timestamp}`, same)
  add(`duration(${duration}): ${duration}`, same)
}

/**
 * Conversions with the ranges and the notation of the standard, in time that is linear in the text. The engine's take
 * more, and its `duration` needs cubic time on a long row of digits.
 */
export function addExactConversions(add: Add): void {
  add('__int(int): int', same)
  add('__int(uint): int', fromUint)
  add('__int(double): int', (value: number) =>
    int(value > -bound && value < bound ? BigInt(Math.trunc(value)) : greatest + 1n),
  )
  add('__int(string): int', (value: string) => int(parsed(value, 'int')))
  add(`__int(${timestamp}): int`, fromTimestamp)
  add('__uint(uint): uint', same)
  add('__uint(int): uint', uint)
  add('__uint(double): uint', (value: number) =>
    uint(value > -1 && value < 2 * bound ? BigInt(Math.trunc(value)) : -1n),
  )
  add('__uint(string): uint', (value: string) => uint(parsed(value, 'uint')))
  add(`__timestamp(string): ${timestamp}`, parseTimestamp)
  add(`__timestamp(int): ${timestamp}`, (value: bigint) => timestampAt(Number(value) * 1000))
  add(`__timestamp(${timestamp}): ${timestamp}`, same)
  add(`__duration(string): ${duration}`, parseDuration)
  add(`__duration(${duration}): ${duration}`, same)
}

const bound = 2 ** 63
const greatest = 2n ** 63n - 1n

const earliest = Date.parse('0001-01-01T00:00:00Z')
const latest = Date.parse('9999-12-31T23:59:59.999Z')
/** about 10,000 years, as in protobuf */
const longestSeconds = 315_576_000_000n
const same = (value: unknown) => value
const fromUint = (value: UnsignedInt) => int(value.valueOf())
const fromTimestamp = (value: Date) => BigInt(Math.floor(value.getTime() / 1000))
/** Seconds with as much of a fraction as there is: `-1.5s`. */
export function durationText({ seconds, nanos }: Duration): string {
  const total = seconds * 1_000_000_000n + BigInt(nanos)
  const digits = String(total < 0n ? -total : total).padStart(10, '0')
  const fraction = digits.slice(-9).replace(/0+$/, '')
  return `${total < 0n ? '-' : ''}${digits.slice(0, -9)}${fraction && `.${fraction}`}s`
}

/** RFC 3339, without a fraction of nothing. */
export const timestampText = (value: Date) => value.toISOString().replace(/\.?0*Z$/, 'Z')

function int(value: bigint): bigint {
  if (value >= -greatest - 1n && value <= greatest) return value
  throw new CelEvaluationError('int: the value is not within 64 bits')
}

function uint(value: bigint): UnsignedInt {
  if (value >= 0n && value < 2n ** 64n) return new UnsignedInt(value)
  throw new CelEvaluationError('uint: the value is negative or not within 64 bits')
}

function parsed(text: string, type: string): bigint {
  if (text.length <= 20 && /^[+-]?\d+$/.test(text)) return BigInt(text.replace('+', ''))
  throw new CelEvaluationError(`${type}: the text is not an integer`)
}

/** RFC 3339; the engine keeps milliseconds. */
function parseTimestamp(text: string): Date {
  const isWritten = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(text)
  return timestampAt(isWritten ? Date.parse(text) : Number.NaN)
}

function timestampAt(milliseconds: number): Date {
  if (milliseconds >= earliest && milliseconds <= latest) return new Date(milliseconds)
  throw new CelEvaluationError('timestamp: not an RFC 3339 time of the years 1 to 9999')
}

const nanoseconds: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}

/** The notation of Go: `1h30m`, `-1.5s`, `0`. */
function parseDuration(text: string): Duration {
  const [, sign, amounts] =
    /^([+-]?)((?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h))+|0)$/.exec(text.slice(0, 65)) ?? []
  if (amounts === undefined || text.length > 64) throw new CelEvaluationError('duration: not a duration such as 1h30m')
  let total = 0n
  for (const [, whole = '', fraction = '', unit = ''] of amounts.matchAll(/(\d*)\.?(\d*)([a-zµ]+)/g)) {
    const scale = nanoseconds[unit] ?? 0n
    total += BigInt(whole) * scale + (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length)
  }
  if (total / 1_000_000_000n > longestSeconds) throw new CelEvaluationError('duration: longer than 10,000 years')
  const signed = sign === '-' ? -total : total
  return new Duration(signed / 1_000_000_000n, Number(signed % 1_000_000_000n))
}
