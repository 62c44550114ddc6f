import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { decodeJson, maxJsonDepth, readJson } from './read-json.ts'

function places(text: string): string[] {
  const read = readJson(text)
  return read.ok ? [] : read.problems.map((problem) => `${problem.pointer} ${problem.code}`)
}

describe('readJson', () => {
  test('reads what JSON.parse reads, whatever the value and its layout', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.constantFrom(0, 2, '\t'), (text, layout) => {
        const spaced = JSON.stringify(JSON.parse(text), null, layout)
        const read = readJson(spaced)
        if (read.ok) assert.deepEqual(read.value, JSON.parse(spaced))
        else assert.match(spaced, /__proto__|\\ud[89a-f]/) // the two things that are refused though they are JSON
      }),
    )
  })

  test('refuses what JSON.parse refuses', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), fc.string({ maxLength: 3 }), (text, at, noise) => {
        const broken = text.slice(0, at % (text.length + 1)) + noise + text.slice(at % (text.length + 1))
        let parses = true
        try {
          JSON.parse(broken)
        } catch {
          parses = false
        }
        if (!parses) assert.equal(readJson(broken).ok, false)
      }),
    )
  })

  test('a name that stands twice in one object is found wherever the object is', () => {
    const anyName = fc.string().filter((name) => name !== '__proto__' && name.isWellFormed())
    fc.assert(
      fc.property(
        fc.array(fc.oneof(anyName, fc.nat(5)), { maxLength: 5 }),
        anyName,
        fc.jsonValue(),
        (path, name, value) => {
          const member = `${JSON.stringify(name)}:${JSON.stringify(value)}`
          fc.pre(JSON.stringify(value).isWellFormed() && !member.includes('__proto__') && !/\\ud[89a-f]/.test(member))
          let text = `{${member},"${'other'}${name.length}x":[{}],${member}}`
          let pointer = `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
          for (const step of path.toReversed()) {
            text = typeof step === 'number' ? `[${'0,'.repeat(step)}${text}]` : `{${JSON.stringify(step)}:${text}}`
            pointer = `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}${pointer}`
          }
          assert.deepEqual(places(text), [`${pointer} json.duplicate`])
        },
      ),
    )
  })

  const rows: readonly (readonly [string, readonly string[]])[] = [
    ['{"a":1,"a":2}', ['/a json.duplicate']],
    ['{"a":1,"\\u0061":2}', ['/a json.duplicate']],
    ['{"a":{"b":1,"b":2},"c":[{"d":1},{"d":1,"d":1}]}', ['/a/b json.duplicate', '/c/1/d json.duplicate']],
    ['{"a":{"a":1},"b":{"a":1}}', []],
    ['[{"a":1},{"a":1}]', []],
    ['{"a":"\\"a\\":1","b":"}{,"}', []],
    ['{"a\\\\":1,"a":2}', []],
    ['{"a\\\\":"\\\\","a\\\\":2}', ['/a\\ json.duplicate']],
    ['{"":1,"":2}', ['/ json.duplicate']],
    ['{"a":1,"a":2,"a":3}', ['/a json.duplicate', '/a json.duplicate']],
    ['{"constructor":1,"toString":2}', []],
    ['{"__proto__":1}', ['/__proto__ json.name']],
    ['{"a":"\\ud800"}', ['/a json.text']],
    ['["\\ud83d\\ude00","\\ude00"]', ['/1 json.text']],
    ['{"\\ud800":1}', ['/ json.text']],
    ['7', []],
    [' "x" ', []],
  ]
  for (const [text, expected] of rows)
    test(`${text} has ${expected.length} problems`, () => assert.deepEqual(places(text), expected))

  test('more levels than are allowed are refused with a sentence, 100,000 of them too', () => {
    const nest = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
    assert.equal(readJson(nest(maxJsonDepth)).ok, true)
    for (const depth of [maxJsonDepth + 1, 100_000]) {
      const read = readJson(nest(depth))
      assert.deepEqual(!read.ok && [read.message, read.problems.length], ['nested deeper than 100 levels', 1])
    }
    const objects = readJson(`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`)
    assert.equal(!objects.ok && objects.problems[0]?.pointer, '/a'.repeat(100))
  })

  test('a text that never closes what it opens ends early, whatever else is wrong with it', () => {
    for (const text of [
      '['.repeat(1_000_000),
      '{"a":['.repeat(1_000_000),
      `["\\x${'['.repeat(50)}",${'['.repeat(200)}`,
    ]) {
      const read = readJson(text)
      assert.equal(!read.ok && read.problems[0]?.code, 'json.depth')
    }
  })

  test('only the first 500 problems are listed', () => {
    assert.equal(places(`{${Array.from({ length: 1000 }, () => '"a":1').join()}}`).length, 500)
  })

  const broken: readonly (readonly [string, RegExp])[] = [
    ['', /the text is empty/],
    ['  \n', /the text is empty/],
    ['{"name":', /^unexpected end of JSON$/],
    ['{"a":1}{', /^not JSON at line 1, column 8$/],
    ['{"a":1,\n "b":hush}', /^not JSON at line 2, column 6$/],
    ["{'a':1}", /^not JSON at line 1, column 2$/],
    ['{"a":1,}', /^not JSON at line 1, column 8$/],
    ['NaN', /^not JSON/],
  ]
  for (const [text, message] of broken)
    test(`${JSON.stringify(text)} is no JSON, and the sentence quotes nothing of it`, () => {
      const read = readJson(text)
      assert.ok(!read.ok)
      assert.match(read.message, message)
      assert.deepEqual(read.problems, [])
      assert.doesNotMatch(read.message, /hush/)
    })
})

describe('decodeJson', () => {
  test('reads UTF-8, with or without a byte order mark', () => {
    const bytes = Buffer.from('\ufeff{"a":"é😀"}')
    assert.deepEqual(decodeJson(bytes), { ok: true, value: { a: 'é😀' } })
    assert.deepEqual(decodeJson(bytes.subarray(3)), { ok: true, value: { a: 'é😀' } })
  })

  const bad: readonly (readonly [string, readonly number[]])[] = [
    ['a lone continuation byte', [0x22, 0x80, 0x22]],
    ['a cut sequence', [0x22, 0xc3, 0x22]],
    ['an overlong form', [0x22, 0xc0, 0xaf, 0x22]],
    ['an encoded surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
  ]
  for (const [what, bytes] of bad)
    test(`${what} is refused`, () => {
      const read = decodeJson(Uint8Array.from(bytes))
      assert.equal(!read.ok && read.message, 'the text is not valid UTF-8')
    })
})
