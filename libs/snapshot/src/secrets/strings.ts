import { pointer } from '@vrata/notation'

/** Members of an entity whose strings say what it is, not what it does: nothing is filled in there. */
const identity = new Set(['id', 'name', 'labels'])

/** A visitor of strings: `value` may give another string in its place, `name` sees what is never replaced. */
export interface StringVisitor {
  /** A string value, with a function that gives its place (RFC 6901), since few visitors want it. */
  value(text: string, place: () => string): string
  /** A key, or a string under `id`, `name` or `labels` of the entity. */
  name(text: string, place: () => string): void
}

/** Shows all strings of an entity to the visitor; gives the entity back, copied only where a string was replaced. */
export function mapStrings<E extends object>(entity: E, visitor: StringVisitor): E {
  let copy: E | undefined
  for (const [key, member] of Object.entries(entity)) {
    if (identity.has(key)) {
      showNames(member, [key], visitor)
      continue
    }
    visitor.name(key, () => pointer(key))
    const mapped = mapValue(member, [key], visitor)
    if (mapped === member) continue
    copy ??= { ...entity }
    Reflect.set(copy, key, mapped)
  }
  return copy ?? entity
}

function mapValue(value: unknown, path: (string | number)[], visitor: StringVisitor): unknown {
  if (typeof value === 'string') return visitor.value(value, () => pointer(...path))
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return mapList(value, path, visitor)
  let copy: object | undefined
  for (const [key, member] of Object.entries(value)) {
    path.push(key)
    visitor.name(key, () => pointer(...path))
    const mapped = mapValue(member, path, visitor)
    path.pop()
    if (mapped === member) continue
    copy ??= { ...value }
    Reflect.set(copy, key, mapped)
  }
  return copy ?? value
}

function mapList(list: readonly unknown[], path: (string | number)[], visitor: StringVisitor): readonly unknown[] {
  let copy: unknown[] | undefined
  list.forEach((item, index) => {
    path.push(index)
    const mapped = mapValue(item, path, visitor)
    path.pop()
    if (mapped === item) return
    copy ??= [...list]
    copy[index] = mapped
  })
  return copy ?? list
}

function showNames(value: unknown, path: (string | number)[], visitor: StringVisitor): void {
  if (typeof value === 'string') visitor.name(value, () => pointer(...path))
  if (typeof value !== 'object' || value === null) return
  for (const [key, member] of Object.entries(value)) {
    visitor.name(key, () => pointer(...path, key))
    showNames(member, [...path, key], visitor)
  }
}
