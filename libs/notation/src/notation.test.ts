import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { nearest, parseDuration, parsePointer, pointer, suggestDuration, valueAt } from './index.ts'

describe('parseDuration', () => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ['0', 0],
    ['+0', 0],
    ['-0s', 0],
    ['500ms', 500],
    ['5s', 5000],
    ['+5s', 5000],
    ['1h30m', 5_400_000],
    ['1m30s500ms', 90_500],
    ['1.5s', 1500],
    ['.5s', 500],
    ['1.s', 1000],
    ['1.001s', 1001],
    ['250us', 0.25],
    ['250\u00b5s', 0.25],
    ['250\u03bcs', 0.25],
    ['1ns', 0.000001],
    ['2160h', 7_776_000_000],
    ['', undefined],
    ['10', undefined],
    ['10 s', undefined],
    ['10 sec', undefined],
    ['1d', undefined],
    ['s', undefined],
    ['.s', undefined],
    ['-5s', undefined],
    ['5S', undefined],
    [' 5s', undefined],
    ['5s ', undefined],
    ['5s\n', undefined],
    ['1e3s', undefined],
    ['3000000h', undefined],
  ]
  for (const [text, ms] of cases) {
    test(`reads ${JSON.stringify(text)} as ${ms}`, () => assert.equal(parseDuration(text), ms))
  }

  test('any sum of whole units is exact', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(59), fc.nat(59), fc.nat(999), (h, m, s, ms) => {
        assert.equal(parseDuration(`${h}h${m}m${s}s${ms}ms`), ((h * 60 + m) * 60 + s) * 1000 + ms)
      }),
    )
  })
})

describe('suggestDuration', () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['10 sec', '10s'],
    ['30', '30s'],
    ['5S', '5s'],
    ['2 minutes 30 seconds', '2m30s'],
    ['7d', '168h'],
    ['5s', undefined],
    ['soon', undefined],
    ['10 parsecs', undefined],
  ]
  for (const [text, suggestion] of cases) {
    test(`suggests ${suggestion} for ${JSON.stringify(text)}`, () => assert.equal(suggestDuration(text), suggestion))
  }

  test('whatever it suggests is a duration', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9]{1,4} ?[a-z]{0,8}$/), (text) => {
        const suggestion = suggestDuration(text)
        if (suggestion !== undefined) assert.notEqual(parseDuration(suggestion), undefined)
      }),
    )
  })
})

describe('nearest', () => {
  const words = ['path', 'pathPrefix', 'pathRegex', 'methods', 'hostnames', 'jwt', 'cors']
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['pathPrefx', 'pathPrefix'],
    ['PATHPREFIX', 'pathPrefix'],
    ['jtw', 'jwt'],
    ['hostname', 'hostnames'],
    ['core', 'cors'],
    ['path_prefix', 'pathPrefix'],
    ['xyz', undefined],
    ['', undefined],
  ]
  for (const [word, expected] of cases) {
    test(`takes ${JSON.stringify(word)} for ${expected}`, () => assert.equal(nearest(word, words), expected))
  }
})

describe('pointer', () => {
  test('escapes tilde and slash and writes indices as numbers', () => {
    assert.equal(pointer('headers', 0, 'a/b~c'), '/headers/0/a~1b~0c')
    assert.equal(pointer(), '')
  })

  test('is read back as the steps that made it', () => {
    fc.assert(fc.property(fc.array(fc.string()), (path) => assert.deepEqual(parsePointer(pointer(...path)), path)))
  })

  test('is refused when it does not begin with a slash or has a broken escape', () => {
    assert.equal(parsePointer('a'), undefined)
    assert.equal(parsePointer('/a~2'), undefined)
  })
})

describe('valueAt', () => {
  const document = { routes: [{ match: { path: '/x' } }] }
  const cases: readonly (readonly [readonly (string | number)[], unknown])[] = [
    [[], document],
    [['routes', 0, 'match', 'path'], '/x'],
    [['routes', 1, 'match'], undefined],
    [['routes', 0, 'match', 'path', 'length'], undefined],
    [['constructor'], undefined],
  ]
  for (const [path, expected] of cases) {
    test(`finds what is at ${JSON.stringify(path)}`, () => assert.deepEqual(valueAt(document, path), expected))
  }
})
