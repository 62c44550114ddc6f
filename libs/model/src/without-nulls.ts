/**
 * The value without the members of objects that are null: null is how clients say "not given". Entries of lists stay.
 * What needs no change is returned as it is, not copied. Nesting is bounded by the reader of the JSON text.
 */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) {
    const cleaned = value.map(withoutNulls)
    return cleaned.some((entry, index) => entry !== value[index]) ? cleaned : value
  }
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([, member]) => member !== null)
  const cleaned = kept.map(([name, member]) => [name, withoutNulls(member)] as const)
  const same =
    kept.length === Object.keys(value).length && cleaned.every(([, member], index) => member === kept[index]?.[1])
  return same ? value : Object.fromEntries(cleaned) // fromEntries defines members, so `__proto__` stays a member
}
