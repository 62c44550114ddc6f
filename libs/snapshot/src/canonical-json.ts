/**
 * The canonical JSON text of a value (RFC 8785): members sorted by their UTF-16 code units, no white space, numbers and
 * strings as ECMAScript writes them. Members that are undefined are left out.
 *
 * @param replace gives another string for the string at a path; it sees all string values, no keys
 */
export function canonicalJson(
  value: unknown,
  replace?: (path: readonly (string | number)[], text: string) => string,
): string {
  return write(value, [], replace ?? ((_path, text) => text))
}

type Replace = (path: readonly (string | number)[], text: string) => string

function write(value: unknown, path: (string | number)[], replace: Replace): string {
  if (typeof value === 'string') return JSON.stringify(replace(path, value))
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) {
    return `[${value.map((item, index) => at(item, index, path, replace)).join(',')}]`
  }
  const members: string[] = []
  for (const [key, member] of Object.entries(value).sort(byKey)) {
    if (member !== undefined) members.push(`${JSON.stringify(key)}:${at(member, key, path, replace)}`)
  }
  return `{${members.join(',')}}`
}

function at(value: unknown, step: string | number, path: (string | number)[], replace: Replace): string {
  path.push(step)
  const text = write(value, path, replace)
  path.pop()
  return text
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0
}
