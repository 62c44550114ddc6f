/**
 * The options of a `Connection` header that name other fields of the same message, lower case, or undefined when there
 * are none. `keep-alive`, `close`, `upgrade` and `te` are about the connection itself and are removed anyway.
 */
export function namedFields(connection: string): ReadonlySet<string> | undefined {
  if (connection === 'keep-alive' || connection === 'close') return undefined
  let named: Set<string> | undefined
  for (const part of connection.split(',')) {
    const option = part.trim().toLowerCase()
    if (option === '' || option === 'keep-alive' || option === 'close' || option === 'upgrade' || option === 'te')
      continue
    named ??= new Set()
    named.add(option)
  }
  return named
}

/** Whether a comma-separated list holds `token` (given in lower case), as in `Connection: keep-alive, Upgrade`. */
export function listHas(list: string, token: string): boolean {
  return list.split(',').some((part) => part.trim().toLowerCase() === token)
}
