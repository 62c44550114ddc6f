import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalPath, canonicalRewrite, decodePath, escapeNonAscii } from './canonical-path.ts'

const enforce = (path: string, encodedSlash: 'reject' | 'keep' = 'reject') =>
  canonicalPath(path, 'enforce', encodedSlash)

const accepted: readonly [string, string, string][] = [
  ['leaves a plain path', '/a/b-c_d.e~f/', '/a/b-c_d.e~f/'],
  ['leaves delimiters', "/!$&'()*+,;=:@", "/!$&'()*+,;=:@"],
  ['keeps the asterisk form', '*', '*'],
  ['gives the empty path of an absolute target its slash', '', '/'],
  ['resolves escapes of unreserved characters', '/%61%2D%2e%5F%7E%39', '/a-._~9'],
  ['puts other escapes in upper case', '/%c3%a9%3a%20', '/%C3%A9%3A%20'],
  ['does not resolve twice', '/%2561', '/%2561'],
  ['escapes what cannot stand in a path', '/a b"<>^`{|}', '/a%20b%22%3C%3E%5E%60%7B%7C%7D'],
  ['escapes bytes beyond ASCII one by one', '/\u00c3\u00a9', '/%C3%A9'],
  ['merges slashes', '//a///b//', '/a/b/'],
  ['resolves single dots', '/./a/./b/.', '/a/b/'],
  ['resolves double dots', '/a/b/../c/..', '/a/'],
  ['resolves escaped dots', '/public/%2e%2E/admin/x', '/admin/x'],
  ['merges slashes before it resolves dots', '/a//../b', '/b'],
  ['leaves dots inside of segments', '/..a/b../.c/...', '/..a/b../.c/...'],
  ['comes back to the root', '/a/..', '/'],
]

for (const [name, path, expected] of accepted) {
  test(`the canonical path ${name}`, () => {
    assert.deepEqual(enforce(path), { ok: true, path: expected, matched: expected, changed: path !== expected })
  })
}

const refused: readonly [string, string, RegExp][] = [
  ['a control character', '/a\nb', /control character/],
  ['DEL', '/a\x7f', /control character/],
  ['a fragment', '/a#b', /"#"/],
  ['a query, which is no part of a path', '/a?b', /"\?"/],
  ['a backslash', '/a\\b', /"\\"/],
  ['an escaped backslash', '/a%5cb', /escaped backslash/],
  ['an escaped NUL', '/a%00', /%00/],
  ['an escaped slash', '/a%2Fb', /escaped slash/],
  ['a broken escape', '/a%2', /broken escape/],
  ['an escape of no hex digits', '/a%zz', /broken escape/],
  ['climbing above the root', '/..', /above the root/],
  ['climbing above the root further in', '/a/../../b', /above the root/],
  ['climbing by escaped dots', '/%2e%2e/b', /above the root/],
  ['a path that does not begin with a slash', 'a/b', /begin/],
]

for (const [name, path, reason] of refused) {
  test(`the canonical path refuses ${name}`, () => {
    const result = enforce(path)
    assert.ok(!result.ok)
    assert.match(result.reason, reason)
  })
}

test('an escaped slash is kept as part of its segment where the listener says so', () => {
  assert.deepEqual(enforce('/a%2fb', 'keep'), { ok: true, path: '/a%2Fb', matched: '/a%2Fb', changed: true })
})

test('with off everything goes upstream as received and is matched with its escapes resolved', () => {
  const off = (path: string) => canonicalPath(path, 'off', 'reject')
  assert.deepEqual(off('/a%2Fb'), { ok: true, path: '/a%2Fb', matched: '/a/b', changed: false })
  assert.deepEqual(off('//a/../%61'), { ok: true, path: '//a/../%61', matched: '//a/../a', changed: false })
  assert.deepEqual(off('/%zz'), { ok: true, path: '/%zz', matched: '/%zz', changed: false })
})

test('report behaves as off and tells what enforce would do', () => {
  const report = (path: string) => canonicalPath(path, 'report', 'reject')
  assert.deepEqual(report('/a'), { ok: true, path: '/a', matched: '/a', changed: false })
  assert.deepEqual(report('//a'), { ok: true, path: '//a', matched: '//a', changed: true })
  assert.deepEqual(report('/%20'), { ok: true, path: '/%20', matched: '/%20', changed: false })
  const refusal = report('/a%2Fb')
  assert.deepEqual(refusal, {
    ok: true,
    path: '/a%2Fb',
    matched: '/a/b',
    changed: true,
    refusal: 'the path holds an escaped slash',
  })
})

/** Paths made of what can go wrong: dots, slashes, escapes good and bad, characters at the borders. */
const nastyPath = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom('/', '/', '.', '..', 'a', 'Z', '~', ':', ';', '%2e', '%2E', '%61') },
      {
        weight: 2,
        arbitrary: fc.constantFrom('%20', '%c3%a9', '%25', '%2B', '"', '{', '\u00e9', '\u00ff', ' ', '%7e'),
      },
      { weight: 1, arbitrary: fc.constantFrom('%2F', '%5c', '%00', '%', '%g1', '\\', '#', '?', '\x01') },
    ),
    { maxLength: 14 },
  )
  .map((parts) => `/${parts.join('')}`)

/** Reads a path character by character into its segments, as RFC 3986 describes it; undefined = to be refused. */
function carefulDecoder(path: string, keepSlash: boolean): string[] | undefined {
  const segments: string[][] = [[]]
  for (let at = 0; at < path.length; at++) {
    const character = path[at] ?? ''
    const code = character.charCodeAt(0)
    if (code < 0x20 || code === 0x7f || '#?\\'.includes(character)) return undefined
    if (character === '/') {
      segments.push([])
      continue
    }
    let byte = code
    if (character === '%') {
      const hex = path.slice(at + 1, at + 3)
      if (!/^[0-9a-f]{2}$/i.test(hex)) return undefined
      byte = Number.parseInt(hex, 16)
      at += 2
      if (byte === 0 || byte === 0x5c || (byte === 0x2f && !keepSlash)) return undefined
    }
    const plain = String.fromCharCode(byte)
    const bare = /[A-Za-z0-9\-._~]/.test(plain) || (character !== '%' && "!$&'()*+,;=:@".includes(plain))
    segments.at(-1)?.push(bare ? plain : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
  }
  const [, ...rest] = segments.map((one) => one.join(''))
  const result: string[] = []
  for (const [index, segment] of rest.entries()) {
    const last = index === rest.length - 1
    if (segment === '..') {
      if (result.pop() === undefined) return undefined
      if (last) result.push('')
    } else if (segment === '.' || segment === '') {
      if (last) result.push('')
    } else result.push(segment)
  }
  return result
}

test('the canonical path is what a careful decoder reads', () => {
  fc.assert(
    fc.property(nastyPath, fc.boolean(), (path, keepSlash) => {
      const result = enforce(path, keepSlash ? 'keep' : 'reject')
      const expected = carefulDecoder(path, keepSlash)
      assert.equal(result.ok ? result.path : undefined, expected && `/${expected.join('/')}`)
    }),
    { numRuns: 3000 },
  )
})

test('a canonical path stays as it is and holds nothing that could be read in two ways', () => {
  fc.assert(
    fc.property(nastyPath, (path) => {
      const result = enforce(path, 'keep')
      fc.pre(result.ok)
      assert.deepEqual(enforce(result.path, 'keep'), {
        ok: true,
        path: result.path,
        matched: result.path,
        changed: false,
      })
      assert.doesNotMatch(result.path, /\/\/|\\|\/\.\.?(?:\/|$)|[^\x21-\x7e]|%[0-9A-F]?[a-f]/)
      for (const piece of result.path.match(/%../g) ?? []) {
        assert.doesNotMatch(decodePath(piece), /^[\w\-.~]$/, `${piece} needs no escape`)
      }
      assert.equal(decodePath(result.path).includes('\\'), false)
    }),
    { numRuns: 3000 },
  )
})

test('a rewritten path is always canonical', () => {
  const text = fc.oneof(nastyPath, fc.string({ unit: 'binary', maxLength: 20 }))
  fc.assert(
    fc.property(text, (path) => {
      const result = canonicalRewrite(path.replaceAll(/%5c|%00|[\\\p{Cc}]/giu, ''))
      assert.deepEqual(enforce(result, 'keep'), { ok: true, path: result, matched: result, changed: false })
    }),
    { numRuns: 2000 },
  )
})

test('a rewritten path stops climbing at the root and gets the slash it lacks', () => {
  assert.equal(canonicalRewrite('a/../../b'), '/b')
  assert.equal(canonicalRewrite('/é%'), '/%C3%A9%25')
})

test('decoding resolves UTF-8 and replaces what is none', () => {
  assert.equal(decodePath('/caf%C3%A9/%20'), '/café/ ')
  assert.equal(decodePath('/%FF'), '/\ufffd')
  assert.equal(decodePath('/plain'), '/plain')
})

test('typed text goes on the wire as UTF-8', () => {
  assert.equal(escapeNonAscii('/é?ü=🙂'), '/%C3%A9?%C3%BC=%F0%9F%99%82')
})
