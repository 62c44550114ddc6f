/**
 * The parameters of a query as form data (`application/x-www-form-urlencoded`): `+` is a blank, names keep their case,
 * of several values the first counts, a name without `=` has the empty value. Pairs that hold a `;` or a broken escape
 * are dropped. `query` is what follows the `?`.
 */
export function parseQuery(query: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>()
  for (const pair of query.split('&')) {
    if (pair === '' || pair.includes(';')) continue
    const equals = pair.indexOf('=')
    const name = decode(equals === -1 ? pair : pair.slice(0, equals))
    const value = equals === -1 ? '' : decode(pair.slice(equals + 1))
    if (name === undefined || value === undefined || parameters.has(name)) continue
    parameters.set(name, value)
  }
  return parameters
}

function decode(text: string): string | undefined {
  if (/%(?![\dA-Fa-f]{2})/.test(text)) return undefined
  return text
    .replaceAll('+', ' ')
    .replace(/(?:%[\dA-Fa-f]{2})+/g, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'))
}
