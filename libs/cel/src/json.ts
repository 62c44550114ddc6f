import { CelEvaluationError } from './errors.ts'

const greatest = 2 ** 63
const deepest = 256

/**
 * A parsed JSON value as CEL sees it: integers within 64 bits are `int` (bigint), other numbers `double`, objects are
 * maps. Maps and not plain objects, so that no member name of a client's (`constructor`, `__proto__`) means anything.
 * Used for bodies and claims.
 * @throws {CelEvaluationError} when the value is nested too deeply to be walked
 */
export function toCel(value: unknown, depth = 0): unknown {
  if (typeof value === 'number') return Number.isInteger(value) && fits(value) ? BigInt(value) : value
  if (typeof value !== 'object' || value === null) return value
  if (depth >= deepest) throw new CelEvaluationError(`the JSON value is nested more than ${deepest} levels deep`)
  if (Array.isArray(value)) return value.map((element) => toCel(element, depth + 1))
  const members = new Map<string, unknown>()
  for (const name of Object.keys(value)) {
    const member: unknown = Reflect.get(value, name)
    if (member !== undefined) members.set(name, toCel(member, depth + 1))
  }
  return members
}

/**
 * The value of an expression as plain data: maps become objects, lists arrays; int stays bigint, double number. Other
 * CEL values (bytes, timestamps, durations, types) stay what the engine gives.
 */
export function fromCel(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromCel)
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([name, member]) => [String(name), fromCel(member)]))
  }
  return value
}

const fits = (value: number) => value >= -greatest && value < greatest
