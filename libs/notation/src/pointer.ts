/** A JSON pointer (RFC 6901) from a path of member names and list indexes; no path gives `""`, the whole. */
export function pointer(...path: readonly (string | number)[]): string {
  let text = ''
  for (const step of path) text += `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`
  return text
}

/** The steps of a JSON pointer, or undefined when the text is not one. */
export function parsePointer(text: string): string[] | undefined {
  if (text === '') return []
  if (!text.startsWith('/') || /~(?![01])/.test(text)) return undefined
  return text
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** The value a path leads to, or undefined when it leads nowhere. Only own members count. */
export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value
  for (const step of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, step)) return undefined
    current = Reflect.get(current, step)
  }
  return current
}
