import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hostFits, parseAuthority } from './authority.ts'

const rows: readonly [text: string, host: string | undefined, port?: number][] = [
  ['a', 'a'],
  ['A.Example', 'a.example'],
  ['a.example.', 'a.example.'],
  ['a_b-c.d9', 'a_b-c.d9'],
  ['a:0', 'a', 0],
  ['a:00080', 'a', 80],
  ['a:65535', 'a', 65_535],
  ['127.0.0.1:80', '127.0.0.1', 80],
  ['[::1]', '[::1]'],
  ['[2001:DB8::A]:443', '[2001:db8::a]', 443],
  ['[::ffff:1.2.3.4]', '[::ffff:1.2.3.4]'],
  ['', undefined],
  ['.', undefined],
  ['.a', undefined],
  ['a..b', undefined],
  ['a:', undefined],
  [':80', undefined],
  ['a:65536', undefined],
  ['a:000080', undefined],
  ['a:8o', undefined],
  ['a:-1', undefined],
  ['a b', undefined],
  ['a,b', undefined],
  ['a/b', undefined],
  ['a?b', undefined],
  ['a#b', undefined],
  ['u@a', undefined],
  ['a%41', undefined],
  ['\xe4', undefined],
  ['::1', undefined],
  ['[::1', undefined],
  ['[::1]x', undefined],
  ['[]', undefined],
  ['[1]', undefined],
  ['[fe80::1%eth0]', undefined],
  ['[v1.x]', undefined],
  ['a\n', undefined],
  ['x'.repeat(300), undefined],
]

for (const [text, host, port] of rows) {
  test(`authority ${JSON.stringify(text)}: ${host === undefined ? 'none' : `${host}, port ${port}`}`, () => {
    assert.deepEqual(parseAuthority(text), host === undefined ? undefined : { text, host, port })
  })
}

test('a hostile authority is refused in linear time', () => {
  const started = performance.now()
  for (const part of ['a', 'a.', '-', '.', '[:', '1:']) assert.equal(parseAuthority(`${part.repeat(130)}!`), undefined)
  assert.ok(performance.now() - started < 20_000)
})

describe('Host and target', () => {
  const fits: readonly [host: string, target: string, scheme: 'http' | 'https' | undefined, fits: boolean][] = [
    ['a', 'A', 'http', true],
    ['a:80', 'a', 'http', true],
    ['a', 'a:443', 'https', true],
    ['a', 'a:443', 'http', false],
    ['a:81', 'a', 'http', false],
    ['b', 'a', 'http', false],
    ['a', 'a:443', undefined, true],
    ['a:443', 'a:443', undefined, true],
    ['a:80', 'a:443', undefined, false],
  ]
  for (const [host, target, scheme, wanted] of fits) {
    test(`Host ${host} ${wanted ? 'fits' : 'contradicts'} ${scheme ?? 'CONNECT'} ${target}`, () => {
      const [one, other] = [parseAuthority(host), parseAuthority(target)]
      assert.ok(one && other)
      assert.equal(hostFits(one, other, scheme), wanted)
    })
  }
})
