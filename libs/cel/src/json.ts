import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator'
import { durationText, timestampText } from './conversions.ts'
import { CelEvaluationError } from './errors.ts'

const least = -(2n ** 63n)
const greatest = 2n ** 63n - 1n
/** Deeper than data is; shallow enough to be walked without care, and few enough types for the engine to remember. */
const deepest = 64

/**
 * A parsed JSON value as CEL sees it: integers within 64 bits are `int` (bigint), other numbers `double`, objects are
 * maps. Maps and not plain objects, so that no member name of a client's (`constructor`, `__proto__`) means anything.
 * Used for bodies and claims.
 * @throws {CelEvaluationError} when the value is nested too deeply
 */
export function toCel(value: unknown, depth = 0): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? toInt(BigInt(value)) : value
  if (typeof value === 'bigint') return toInt(value)
  if (typeof value !== 'object' || value === null) return value
  if (depth >= deepest) throw new CelEvaluationError(`the JSON value is nested more than ${deepest} levels deep`)
  if (Array.isArray(value)) return value.map((element) => toCel(element, depth + 1))
  const members = new ObjectMap()
  for (const name of Object.keys(value)) {
    const member: unknown = Reflect.get(value, name)
    if (member !== undefined) members.set(name, toCel(member, depth + 1))
  }
  return members
}

/**
 * The value of an expression as plain data: maps become objects, lists arrays; int and uint become bigint, double stays
 * number, bytes stay bytes. Timestamps, durations and types become the text that says what they are.
 */
export function fromCel(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  if (Array.isArray(value)) return value.map(fromCel)
  if (value instanceof Map) return plainObject(value)
  if (value instanceof UnsignedInt) return value.value
  if (value instanceof Date) return timestampText(value)
  if (value instanceof Duration) return durationText(value)
  return Object.getPrototypeOf(value) === Object.prototype ? plainObject(Object.entries(value)) : nameOf(value)
}

/**
 * Parses the JSON text of a body for {@link BodyFacts.json}: like JSON.parse, but integers that a double would round
 * are bigint. Duplicate members: the last one counts.
 * @returns undefined when the text is not JSON
 */
export function parseJsonBody(text: string): unknown {
  try {
    return longDigits.test(text) ? JSON.parse(text, exactIntegers) : JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Whether a body of this `content-type` is read as JSON: `application/json` and types with the suffix `+json`. */
export function isJsonType(contentType: string | undefined): boolean {
  return contentType !== undefined && /^\s*(?:application\/json|[^;,]+\+json)\s*(?:;|$)/i.test(contentType)
}

const plainObject = (entries: Iterable<readonly [unknown, unknown]>) =>
  Object.fromEntries(Array.from(entries, ([name, member]) => [String(name), fromCel(member)]))

const nameOf = (value: object) => ('name' in value ? value.name : String(value))

const longDigits = /\d{16}/

function exactIntegers(_name: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  const source = context?.source ?? ''
  return /^-?\d+$/.test(source) ? BigInt(source) : value
}

const toInt = (value: bigint) => (value >= least && value <= greatest ? value : Number(value))

/**
 * The engine names the type of a dynamic value by looking into it, first entry by first entry, and remembers every
 * type it ever named. With maps that show it no entry, the types that clients can make it remember are few: lists of
 * lists, up to the greatest depth.
 */
class ObjectMap extends Map<string, unknown> {
  override entries(): MapIterator<[string, unknown]> {
    return nothing.entries()
  }
}
// the engine takes for a map what has the constructor of one
Object.defineProperty(ObjectMap.prototype, 'constructor', { value: Map })

const nothing: ReadonlyMap<string, unknown> = new Map()
