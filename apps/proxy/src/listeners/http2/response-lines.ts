import type { OutgoingHttpHeaders } from 'node:http2'
import { type BodyLength, fieldName, isFieldValue, nameFlag, WriteError } from '@vrata/http1'
import type { HeaderLines } from '../../headers/header-lines.ts'
import { headerName, trait } from '../../headers/header-name.ts'
import { httpDate } from '../http-date.ts'

/** The head of an answer that was received: names in lower case and values in turn, `:status` first. */
export function passedLines(status: number, { names, values, flags }: HeaderLines, length: BodyLength): string[] {
  const lines = [':status', String(status)]
  for (let at = 0; at < names.length; at++) {
    const name = names[at]
    if (name !== undefined) lines.push(name.lower, values[at] ?? '')
  }
  if (typeof length === 'number' && status !== 204) lines.push('content-length', String(length))
  if ((flags & trait.date) === 0) lines.push('date', httpDate())
  return lines
}

/**
 * The head of an answer of our own, from names and values in turn; what they say about the length is not looked at.
 *
 * @throws WriteError for a value that would break the message; TypeError for such a name
 */
export function ownLines(status: number, headers: readonly string[], length: number): string[] {
  const lines = [':status', String(status)]
  let flags = 0
  for (let at = 0; at < headers.length; at += 2) {
    const name = headerName(headers[at] ?? '')
    const value = headers[at + 1] ?? ''
    if ((name.flags & nameFlag.reserved) !== 0) continue
    if (!isFieldValue(value)) throw new WriteError('field_value_malformed', name.text)
    flags |= name.flags
    lines.push(name.lower, value)
  }
  if (length > 0) lines.push('content-length', String(length))
  if ((flags & trait.date) === 0) lines.push('date', httpDate())
  return lines
}

/** Names and values in turn as the library wants them for interim answers and trailers. */
export function lineObject(lines: readonly string[]): OutgoingHttpHeaders {
  // Without a prototype, whose members have names that lines may have as well.
  const headers: Record<string, string[]> = Object.create(null)
  for (let at = 0; at < lines.length; at += 2) {
    const name = fieldName(lines[at] ?? '')
    const value = lines[at + 1] ?? ''
    if (name === undefined || (name.flags & nameFlag.reserved) !== 0 || !isFieldValue(value)) continue
    headers[name.lower] ??= []
    headers[name.lower]?.push(value)
  }
  return headers
}
