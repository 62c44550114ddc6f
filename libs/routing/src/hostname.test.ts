import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalHost, compileHostnames, hostPatternText, parseHostPattern } from './hostname.ts'

const hosts: readonly [string, string | undefined][] = [
  ['example.com', 'example.com'],
  ['ACME.example.com:8443', 'acme.example.com'],
  ['example.com.', 'example.com'],
  ['example.com.:80', 'example.com'],
  ['example.com:', 'example.com'],
  ['my_service-1', 'my_service-1'],
  ['10.0.0.1:80', '10.0.0.1'],
  ['[::1]', '[::1]'],
  ['[::1]:80', '[::1]'],
  ['[0:0:0:0:0:0:0:1]:443', '[::1]'],
  ['[2001:DB8::A]', '[2001:db8::a]'],
  ['', undefined],
  [':80', undefined],
  ['::1', undefined],
  ['[::1', undefined],
  ['[::g]', undefined],
  ['[fe80::1%eth0]', undefined],
  ['[example.com]', undefined],
  ['a..b', undefined],
  ['.a', undefined],
  ['a..', undefined],
  ['a:99999', undefined],
  ['a:8x', undefined],
  ['a:80:80', undefined],
  ['user@host', undefined],
  ['http://a', undefined],
  ['a/b', undefined],
  ['a,b', undefined],
  ['a b', undefined],
  ['*.a', undefined],
  ['bücher.de', undefined],
  [`${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(63)}`, undefined],
]

for (const [authority, expected] of hosts) {
  test(`the authority ${JSON.stringify(authority)} names ${expected ?? 'no host'}`, () => {
    assert.equal(canonicalHost(authority), expected)
  })
}

const patterns: readonly [string, string | undefined][] = [
  ['Example.COM', 'example.com'],
  ['example.com.', 'example.com'],
  ['*.Example.com', '*.example.com'],
  ['*', '*'],
  ['[::1]', '[::1]'],
  ['[0::1]', '[::1]'],
  ['a.*.b', undefined],
  ['*a.b', undefined],
  ['*.*.b', undefined],
  ['*.', undefined],
  ['*.[::1]', undefined],
  ['a.b:80', undefined],
  ['a.b:', undefined],
  ['[::1]:80', undefined],
  ['https://a.b', undefined],
  ['BÜCHER.de', undefined],
  ['', undefined],
]

for (const [text, expected] of patterns) {
  test(`the configured host ${JSON.stringify(text)} is read as ${expected ?? 'a mistake'}`, () => {
    const pattern = parseHostPattern(text)
    assert.equal(pattern && hostPatternText(pattern), expected)
  })
}

test('a listener takes the hosts that it lists, wildcards with one or more labels before them', () => {
  const takes = compileHostnames(['a.example', '*.b.example'])
  assert.deepEqual(
    ['a.example', 'x.a.example', 'b.example', 'x.b.example', 'y.x.b.example', 'xb.example', '.b.example'].map(takes),
    [true, false, false, true, true, false, false],
  )
  assert.equal(compileHostnames([])('whatever'), true)
  assert.equal(compileHostnames(['a', '*'])('whatever'), true)
  assert.equal(compileHostnames(['a:80'])('a'), false)
})
