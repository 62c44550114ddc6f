/**
 * What a listener does about paths that can be written in several ways: `enforce` brings them into one form and refuses
 * the dangerous ones, `report` only tells what `enforce` would do, `off` leaves them alone.
 */
export type PathMode = 'enforce' | 'report' | 'off'

/** Whether an escaped slash (`%2F`) inside of a segment is refused or kept as it is. */
export type EncodedSlash = 'reject' | 'keep'

/** The outcome of {@link canonicalPath}. */
export type CanonicalPath =
  | {
      readonly ok: true
      /** What goes upstream, what policy and logs see. Canonical with `enforce`, else as received. */
      readonly path: string
      /**
       * What routes are matched on. The same as `path` with `enforce`; else the path as received with escapes resolved
       * one by one, so that `/a%2Fb` is found by a route for `/a/b` although `/a%2Fb` is what goes upstream.
       */
      readonly matched: string
      /** Whether `enforce` gives, or with `report` would give, something else than what was received. */
      readonly changed: boolean
      /** With `report`: why `enforce` would refuse the path. */
      readonly refusal?: string
    }
  | { readonly ok: false; readonly reason: string }

/** Anything that may need work: an escape, a character that cannot stand in a path, an empty or a dot segment. */
const suspicious = /[^\w\-.~!$&'()*+,;=:@/]|\/\/|\/\.{1,2}(?:\/|$)/

function isClean(path: string): boolean {
  return path.startsWith('/') && !suspicious.test(path)
}

/**
 * The one form of a request's path, so that routing, policy and upstream cannot understand it differently (RFC 3986,
 * 6.2.2): escapes of unreserved characters resolved, the other escapes in upper case, characters that may not stand in
 * a path escaped, repeated slashes merged, dot segments resolved. Refused are control characters, `#`, `?`, `\`, `%5C`,
 * `%00`, broken escapes, `%2F` unless kept, and climbing above the root.
 *
 * `path` is the path of the request target without its query, one character for each byte received. An empty path
 * (absolute form) is `/`; `*` stays. The result is ASCII, and applying the function to it changes nothing.
 * Called by the listeners' guard for every request and, through {@link configuredPath}, for paths of routes.
 */
export function canonicalPath(path: string, mode: PathMode, encodedSlash: EncodedSlash): CanonicalPath {
  if (isClean(path) || path === '*') return { ok: true, path, matched: path, changed: false }
  if (mode === 'off') return { ok: true, path, matched: resolveEscapes(path), changed: false }
  const result = canonical(path, encodedSlash === 'keep')
  if (mode === 'report') {
    const as = { ok: true, path, matched: resolveEscapes(path) } as const
    return result.ok ? { ...as, changed: result.path !== path } : { ...as, changed: true, refusal: result.reason }
  }
  if (!result.ok) return result
  return { ok: true, path: result.path, matched: result.path, changed: result.path !== path }
}

type Result = { readonly ok: true; readonly path: string } | { readonly ok: false; readonly reason: string }

/**
 * A path as somebody writes it into a configuration, in the form of {@link canonicalPath}. Unlike a received path it is
 * text: characters beyond ASCII mean their UTF-8 bytes. An escaped slash stays escaped: such a route is met only on
 * listeners that keep them.
 */
export function configuredPath(path: string): Result {
  return canonical(escapeNonAscii(path), true)
}

/** The text with everything beyond ASCII as escaped UTF-8 bytes: how a path or query that was typed goes on the wire. */
export function escapeNonAscii(text: string): string {
  return text.replace(/[^\p{ASCII}]+/gu, (run) => percent(Buffer.from(run, 'utf8')))
}

/**
 * The canonical form of a path that a rewrite produced, which must not be refused any more: what cannot stand in a path
 * is escaped, and climbing stops at the root (RFC 3986, 5.2.4).
 */
export function canonicalRewrite(path: string): string {
  const rooted = path.startsWith('/') ? path : `/${path}`
  if (isClean(rooted)) return rooted
  return removeDotSegments(escapePath(rooted).replace(/\/{2,}/g, '/')) ?? '/'
}

/** A path that was typed, with everything escaped that may not stand in one; slashes and dot segments stay as they are. */
export function escapePath(path: string): string {
  return resolveKept(escapeNonAscii(path).replace(/%(?![\dA-Fa-f]{2})/g, '%25'))
}

function canonical(path: string, keepSlash: boolean): Result {
  if (path === '') return { ok: true, path: '/' }
  if (path === '*') return { ok: true, path }
  if (!path.startsWith('/')) return refuse('the path does not begin with "/"')
  const reason = refusal(path, keepSlash)
  if (reason !== undefined) return refuse(reason)
  const resolved = removeDotSegments(resolveKept(path).replace(/\/{2,}/g, '/'), 'refuse')
  return resolved === undefined ? refuse('the path climbs above the root') : { ok: true, path: resolved }
}

function refuse(reason: string): Result {
  return { ok: false, reason }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
const refusedCharacter = /[\x00-\x1f\x7f#?\\]/

function refusal(path: string, keepSlash: boolean): string | undefined {
  const character = refusedCharacter.exec(path)?.[0]
  if (character !== undefined) {
    return /[#?\\]/.test(character) ? `the path holds "${character}"` : 'the path holds a control character'
  }
  for (const [, code] of path.matchAll(/%([\dA-Fa-f]{2})?/g)) {
    if (code === undefined) return 'the path holds a broken escape'
    if (code === '00') return 'the path holds "%00"'
    if (code === '5C' || code === '5c') return 'the path holds an escaped backslash'
    if (!keepSlash && (code === '2F' || code === '2f')) return 'the path holds an escaped slash'
  }
  return undefined
}

const unreserved = /^[\w\-.~]$/

/** Escapes of unreserved characters resolved, other escapes in upper case, what may not stand in a path escaped. */
function resolveKept(path: string): string {
  return path.replace(/%[\dA-Fa-f]{2}|[^\w\-.~!$&'()*+,;=:@/%]/gu, (piece) => {
    if (!piece.startsWith('%')) return escapeCharacter(piece)
    const character = String.fromCharCode(Number.parseInt(piece.slice(1), 16))
    return unreserved.test(character) ? character : piece.toUpperCase()
  })
}

/** As {@link resolveKept}, and escaped slashes resolved as well: what paths were compared by before there was one form. */
function resolveEscapes(path: string): string {
  return resolveKept(path).replaceAll('%2F', '/')
}

/** Up to U+00FF a character stands for the byte that was received; others cannot come from the wire. */
function escapeCharacter(character: string): string {
  return percent(Buffer.from(character, character <= '\u00ff' ? 'latin1' : 'utf8'))
}

function percent(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  return text
}

/** Undefined when the path climbs above the root and that is to be refused; otherwise climbing stops there. */
function removeDotSegments(path: string, above: 'refuse' | 'stop' = 'stop'): string | undefined {
  if (!path.includes('/.')) return path
  const segments = path.split('/').slice(1)
  const kept: string[] = []
  for (const segment of segments) {
    if (segment === '..') {
      if (kept.pop() === undefined && above === 'refuse') return undefined
    } else if (segment !== '.') kept.push(segment)
  }
  const last = segments.at(-1)
  if (last === '.' || last === '..') kept.push('')
  return `/${kept.join('/')}`
}

/**
 * The path with its escapes resolved, as text: bytes that are no UTF-8 become U+FFFD. What `request.path` is in
 * expressions. Never use it for routing or forwarding.
 */
export function decodePath(path: string): string {
  if (!path.includes('%')) return path
  return path.replace(/(?:%[\dA-Fa-f]{2})+/g, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'))
}
