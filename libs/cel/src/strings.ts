import { pay, payText } from './budget.ts'
import { CelEvaluationError } from './errors.ts'

/*
 * The string functions of CEL's extension library. Positions count code points. Those whose result can be larger than
 * their operands pay for it before it is made; once the budget is spent they return nothing of any size.
 */

const whiteSpace = /\p{White_Space}/u
const surrogates = /[\ud800-\udfff]/

/** The number of code points. */
export function sizeOf(text: string): bigint {
  payText(text.length)
  return BigInt(pointsBefore(text, text.length))
}

export function charAt(text: string, index: bigint): string {
  const at = offsetOf(text, index, 'charAt')
  const point = text.codePointAt(at)
  return point === undefined ? '' : String.fromCodePoint(point)
}

export function indexOf(text: string, part: string, from = 0n): bigint {
  const found = text.indexOf(part, offsetOf(text, from, 'indexOf'))
  return found === -1 ? -1n : BigInt(pointsBefore(text, found))
}

export function lastIndexOf(text: string, part: string, from?: bigint): bigint {
  const last = from === undefined ? text.length : offsetOf(text, from, 'lastIndexOf')
  const found = text.lastIndexOf(part, last)
  return found === -1 ? -1n : BigInt(pointsBefore(text, found))
}

export function substring(text: string, from: bigint, to?: bigint): string {
  const start = offsetOf(text, from, 'substring')
  const end = to === undefined ? text.length : offsetOf(text, to, 'substring')
  if (end < start) throw new CelEvaluationError(`substring: the end ${to} is before the start ${from}`)
  return text.slice(start, end)
}

/** Pieces of `text` between separators, at most `limit`, the last one with all the rest; negative = all. */
export function split(text: string, separator: string, limit = -1n): string[] {
  if (limit === 0n) return []
  if (!payText(text.length) || !pay(1 + occurrences(text, separator))) return []
  const pieces = separator === '' ? Array.from(text) : text.split(separator)
  if (limit < 0n || pieces.length <= limit) return pieces
  const kept = Number(limit) - 1
  return [...pieces.slice(0, kept), pieces.slice(kept).join(separator)]
}

/** `text` with the first `limit` occurrences of `part` replaced; negative = all. */
export function replace(text: string, part: string, by: string, limit = -1n): string {
  const found = occurrences(text, part)
  const count = limit < 0n || limit > BigInt(found) ? found : Number(limit)
  if (!payText(text.length) || !payText(count * by.length)) return ''
  if (count === found) return part === '' ? betweenPoints(text, by, found) : text.replaceAll(part, () => by)
  if (part === '') return betweenPoints(text, by, count)
  const pieces = text.split(part)
  return (
    pieces.slice(0, count + 1).join(by) +
    pieces
      .slice(count + 1)
      .map((piece) => part + piece)
      .join('')
  )
}

export function join(parts: readonly unknown[], separator = ''): string {
  let length = 0
  for (const part of parts) {
    if (typeof part !== 'string') throw new CelEvaluationError('join: every element has to be a string')
    length += part.length + separator.length
  }
  return payText(length) ? parts.join(separator) : ''
}

/** Without the white space of Unicode at both ends. */
export function trim(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && whiteSpace.test(text.charAt(start))) start++
  while (end > start && whiteSpace.test(text.charAt(end - 1))) end--
  return text.slice(start, end)
}

export function lowerAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

export function upperAscii(text: string): string {
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase())
}

/**
 * Whether `token` is a member of the comma-separated list `list`: compared exactly, spaces and tabs around a member do
 * not count, an empty token is in no list. Makes `"admin" in request.headers["x-role"]` work.
 */
export function inList(token: string, list: string): boolean {
  if (token === '') return false
  for (let start = 0; start <= list.length; ) {
    const comma = list.indexOf(',', start)
    const next = comma === -1 ? list.length : comma
    let end = next
    while (start < end && isBlank(list.charCodeAt(start))) start++
    while (end > start && isBlank(list.charCodeAt(end - 1))) end--
    if (end - start === token.length && list.startsWith(token, start)) return true
    start = next + 1
  }
  return false
}

const isBlank = (code: number) => code === 0x20 || code === 0x09

function occurrences(text: string, part: string): number {
  if (part === '') return pointsBefore(text, text.length) + 1
  let count = 0
  for (let at = text.indexOf(part); at !== -1; at = text.indexOf(part, at + part.length)) count++
  return count
}

function betweenPoints(text: string, by: string, count: number): string {
  let result = ''
  let left = count
  for (const point of text) result += left-- > 0 ? by + point : point
  return left > 0 ? result + by : result
}

/** The offset of a position; a position is 0 to the number of code points. */
function offsetOf(text: string, position: bigint, called: string): number {
  const wanted = Number(position)
  let offset = wanted
  if (surrogates.test(text)) {
    offset = 0
    for (let passed = 0; passed < wanted && offset <= text.length; passed++) offset += widthAt(text, offset)
  }
  if (wanted < 0 || offset > text.length)
    throw new CelEvaluationError(`${called}: position ${position} is out of range`)
  return offset
}

function pointsBefore(text: string, offset: number): number {
  if (!surrogates.test(text)) return offset
  let points = 0
  for (let at = 0; at < offset; at += widthAt(text, at)) points++
  return points
}

const widthAt = (text: string, offset: number) => ((text.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1)
