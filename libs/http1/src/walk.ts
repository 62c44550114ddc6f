import { type FieldName, fieldName, nameFlag } from './field-names.ts'
import { Fields } from './fields.ts'
import type { FramingFacts } from './framing.ts'
import type { Reason } from './reasons.ts'

/** The name that begins at `at`, in a line that ends at `end`. */
function nameAt(text: string, at: number, end: number): FieldName | Reason {
  const colon = text.indexOf(':', at)
  if (colon === -1 || colon > end) return 'field_line_malformed'
  const written = text.slice(at, colon)
  const name = fieldName(written)
  if (name !== undefined) return name
  return /[\t ]$/.test(written) ? 'space_before_colon' : 'field_name_malformed'
}

/** More names than this, and longer ones, are not remembered: idle connections shall not cost memory. */
const remembered = { lines: 32, length: 64 }
const colonCode = 58

/**
 * The name of line `index` in the last head, when this line has it too. Peers send the same lines in the same order
 * again and again, and this comparison costs less than a look-up.
 */
function rememberedAt(text: string, at: number, index: number, names: readonly FieldName[]): FieldName | undefined {
  const name = names[index]
  if (name === undefined) return undefined
  const end = at + name.text.length
  return text.charCodeAt(end) === colonCode && text.slice(at, end) === name.text ? name : undefined
}

function remember(name: FieldName, index: number, names: FieldName[]): void {
  if (index < remembered.lines && index <= names.length && name.text.length <= remembered.length) names[index] = name
}

/**
 * Walks the header lines of a checked head once, from `from` to its end. What concerns framing goes into `facts`.
 * Nothing is cut out of the text but what is looked at.
 */
export function walkFields(text: string, from: number, facts: FramingFacts, most: number): Fields | Reason {
  const fields = new Fields(text)
  for (let at = from; at < text.length; ) {
    const end = text.indexOf('\r', at)
    const name = rememberedAt(text, at, fields.length, facts.names) ?? nameAt(text, at, end)
    if (typeof name === 'string') return name
    if (fields.length === most) return 'too_many_fields'
    remember(name, fields.length, facts.names)
    fields.push(name, at + name.text.length + 1)
    if ((name.flags & facts.special) !== 0) {
      const fault = facts.note(name, fields.value(fields.length - 1))
      if (fault !== undefined) return fault
    }
    at = end + 2
  }
  if (facts.nominated !== undefined) fields.nominate(facts.nominated)
  return fields
}

/** Walks a checked trailer section. Fields that must not stand there are refused or left out. RFC 9110, 6.5.1 */
export function walkTrailers(text: string, most: number): Fields | Reason {
  const fields = new Fields(text)
  let lines = 0
  for (let at = 0; at < text.length; lines++) {
    const end = text.indexOf('\r', at)
    const name = nameAt(text, at, end)
    if (typeof name === 'string') return name
    if (lines === most) return 'too_many_trailers'
    if ((name.flags & nameFlag.trailerRefused) !== 0) return 'trailer_forbidden'
    if ((name.flags & nameFlag.trailerDropped) !== 0) fields.leaveOut()
    else fields.push(name, at + name.text.length + 1)
    at = end + 2
  }
  return fields
}
