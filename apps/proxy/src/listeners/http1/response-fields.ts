import { type BodyLength, FieldLines, nameFlag, type OutgoingResponse } from '@vrata/http1'
import type { HeaderLines } from '../../headers/header-lines.ts'
import { headerName, trait } from '../../headers/header-name.ts'
import { httpDate } from '../http-date.ts'

const dateName = headerName('date')
const notInTrailers = nameFlag.trailerRefused | nameFlag.trailerDropped

/**
 * The head of an answer that was received, for the codec. A head without Date gets one, here as everywhere (RFC 9110,
 * 6.6.1).
 */
export function forwardedHead(
  status: number,
  lines: HeaderLines,
  length: BodyLength,
  close: boolean,
): OutgoingResponse {
  const fields = lines.toFieldLines()
  if ((fields.flags & trait.date) === 0) fields.addReceived(dateName, httpDate())
  return { status, fields, length: status === 204 ? 'none' : length, close }
}

/** What lists that never change became, without a date; routes that answer by themselves give the same one each time. */
const prepared = new WeakMap<readonly string[], FieldLines>()

/**
 * The head of an answer of our own, from names and values in turn. What they say about the length is not looked at. A list
 * that is frozen is looked at once.
 *
 * @throws WriteError for a value that would break the message; TypeError for such a name
 */
export function ownHead(status: number, lines: readonly string[], close: boolean): Omit<OutgoingResponse, 'length'> {
  let known = prepared.get(lines)
  if (known === undefined) {
    known = checkedLines(lines)
    if (Object.isFrozen(lines)) prepared.set(lines, known)
  }
  const fields = new FieldLines(known)
  if ((fields.flags & trait.date) === 0) fields.addReceived(dateName, httpDate())
  return { status, fields, close }
}

function checkedLines(lines: readonly string[]): FieldLines {
  const fields = new FieldLines()
  for (let at = 0; at < lines.length; at += 2) {
    const name = headerName(lines[at] ?? '')
    if ((name.flags & nameFlag.reserved) === 0) fields.addKnown(name, lines[at + 1] ?? '')
  }
  return fields
}

/** Header lines of an interim answer; undefined when there are none. */
export function informationalFields(lines: readonly string[]): FieldLines | undefined {
  return fieldLines(lines, nameFlag.reserved)
}

/** Trailer lines for the codec; undefined when there are none that may stand there. */
export function trailerFields(lines: readonly string[]): FieldLines | undefined {
  return fieldLines(lines, notInTrailers | nameFlag.reserved)
}

function fieldLines(lines: readonly string[], left: number): FieldLines | undefined {
  if (lines.length === 0) return undefined
  const fields = new FieldLines()
  for (let at = 0; at < lines.length; at += 2) {
    const name = headerName(lines[at] ?? '')
    if ((name.flags & left) === 0) fields.addKnown(name, lines[at + 1] ?? '')
  }
  return fields.text === '' ? undefined : fields
}
