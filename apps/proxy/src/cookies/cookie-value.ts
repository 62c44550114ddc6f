const equalsSign = 61
const quote = 34

/**
 * The value of a cookie in one line of the `Cookie` header (RFC 6265, 4.2.1), without the quotes that may stand around
 * it; undefined when the line has no such cookie. Of several with one name the first counts: clients put the one with
 * the longest path there.
 */
export function cookieValue(line: string, name: string): string | undefined {
  for (let at = 0; at < line.length; ) {
    while (isBlank(line.charCodeAt(at))) at++
    const semicolon = line.indexOf(';', at)
    const end = semicolon === -1 ? line.length : semicolon
    const begin = at + name.length + 1
    if (begin <= end && line.charCodeAt(begin - 1) === equalsSign && line.startsWith(name, at)) {
      return trimmed(line, begin, end)
    }
    at = end + 1
  }
  return undefined
}

function trimmed(line: string, from: number, to: number): string {
  let begin = from
  let end = to
  while (begin < end && isBlank(line.charCodeAt(begin))) begin++
  while (begin < end && isBlank(line.charCodeAt(end - 1))) end--
  const quoted = end - begin > 1 && line.charCodeAt(begin) === quote && line.charCodeAt(end - 1) === quote
  return quoted ? line.slice(begin + 1, end - 1) : line.slice(begin, end)
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9
}
