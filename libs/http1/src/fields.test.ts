import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { FieldLines, isFieldValue } from './field-lines.ts'
import { fieldName, firstOwnFlag, heldFieldNames, isToken, markName, nameFlag } from './field-names.ts'
import type { Fields } from './fields.ts'
import { ServerConnection } from './server-connection.ts'

/** The fields of a request with these lines behind Host. */
function fieldsOf(...lines: string[]): Fields {
  const connection = new ServerConnection()
  connection.receive(
    Buffer.from(`GET / HTTP/1.1\r\nHost: a\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`, 'latin1'),
  )
  const event = connection.next()
  if (event.kind !== 'request') throw new TypeError(event.kind)
  return event.fields
}

describe('fields', () => {
  const fields = fieldsOf(
    'X-A: 1',
    'Set-Cookie: a',
    'x-a:\t2 ',
    'X-A:',
    'set-cookie: b',
    'Connection: x-a, Host, Content-Length',
  )

  test('lines keep their order and the letters of their names', () => {
    assert.deepEqual(
      [...fields],
      [
        ['Host', 'a'],
        ['X-A', '1'],
        ['Set-Cookie', 'a'],
        ['x-a', '2'],
        ['X-A', ''],
        ['set-cookie', 'b'],
        ['Connection', 'x-a, Host, Content-Length'],
      ],
    )
  })

  test('lines of one name are joined, or given one by one', () => {
    assert.equal(fields.get('x-a'), '1, 2, ')
    assert.deepEqual(fields.all('set-cookie'), ['a', 'b'])
    assert.equal(fields.get('none'), undefined)
    assert.deepEqual(fields.all('none'), [])
    assert.equal(fields.has('x-a'), true)
    assert.equal(fields.has('none'), false)
  })

  test('what Connection lists is hop-by-hop, but Host and Content-Length can not be bound so', () => {
    assert.deepEqual(
      [...fields].map((_, index) => fields.isHopByHop(index)),
      [false, true, false, true, true, false, true],
    )
    assert.deepEqual(fields.nominated, ['x-a', 'host', 'content-length'])
  })

  test('the flags of all names are known at once', () => {
    assert.notEqual(fields.flags & nameFlag.hopByHop, 0)
    assert.equal(fieldsOf('X-A: 1').flags & nameFlag.hopByHop, 0)
    assert.equal(fieldsOf('X-A: 1').flags & nameFlag.underscore, 0)
    assert.notEqual(fieldsOf('X_A: 1').flags & nameFlag.underscore, 0)
  })

  test('a line that does not exist is an error', () => {
    assert.throws(() => fields.name(7), RangeError)
    assert.throws(() => fields.value(-1), RangeError)
  })
})

describe('field names', () => {
  test('a spelling is interned once and knows its lower case', () => {
    const name = fieldName('X-Interned')
    assert.equal(fieldName('X-Interned'), name)
    assert.equal(name?.lower, 'x-interned')
    assert.notEqual(fieldName('x-interned'), name)
  })

  test('an owner can mark names, in all their spellings', () => {
    const before = fieldName('X-Marked')
    markName('x-marked', firstOwnFlag)
    markName('x_marked', firstOwnFlag * 2)
    assert.equal(before?.flags, 0)
    assert.equal(fieldName('X-Marked')?.flags, firstOwnFlag)
    assert.equal(fieldName('x_MARKED')?.flags, (firstOwnFlag * 2) | nameFlag.underscore)
  })

  test('hostile names can not fill the memory', () => {
    for (let count = 0; count < 10_000; count++) fieldName(`x-${count}`)
    assert.ok(heldFieldNames() <= 1024)
    const before = heldFieldNames()
    const long = 'x'.repeat(65)
    assert.equal(fieldName(long)?.lower, long)
    assert.equal(heldFieldNames(), before)
  })

  test('only tokens are names', () => {
    for (let code = 0; code < 256; code++) {
      const character = String.fromCharCode(code)
      const isOne = /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(character)
      assert.equal(isToken(character), isOne, `character ${code}`)
      assert.equal(fieldName(character) !== undefined, isOne, `character ${code}`)
    }
    assert.equal(fieldName(''), undefined)
  })
})

describe('lines to write', () => {
  test('nothing that could begin another line is written', () => {
    for (const value of ['a\rb', 'a\nb', 'a\r\nX: y', 'a\0', '\x0b', '\x7f', '\u010a', '\u010d', 'a\u2028']) {
      assert.equal(isFieldValue(value), false)
      assert.throws(() => new FieldLines().add('X', value), { reason: 'field_value_malformed' }, JSON.stringify(value))
    }
    for (const name of ['', 'a b', 'a:', 'a\r\nb', 'ä', 'a\0']) {
      assert.throws(() => new FieldLines().add(name, ''), { reason: 'field_name_malformed' }, JSON.stringify(name))
    }
  })

  test('what the codec writes itself can not be added', () => {
    for (const name of ['Connection', 'CONTENT-LENGTH', 'transfer-encoding', 'Host', 'Upgrade', 'expect']) {
      assert.throws(() => new FieldLines().add(name, 'x'), { reason: 'field_reserved' }, name)
    }
  })

  test('lines can be begun with others, which stay as they are', () => {
    const begun = new FieldLines().add('Trailer', 'x')
    const both = new FieldLines(begun).add('Y', '1')
    assert.equal(both.text, 'Trailer: x\r\nY: 1\r\n')
    assert.notEqual(both.flags & nameFlag.hopByHop, 0)
    assert.equal(begun.text, 'Trailer: x\r\n')
  })

  test('tabs and bytes above 127 are written as they are', () => {
    assert.equal(new FieldLines().add('X', 'a\t\xe4\xff').text, 'X: a\t\xe4\xff\r\n')
  })

  test('what is forwarded leaves out what belongs to the connection', () => {
    const fields = fieldsOf(
      ...[
        'Connection: x-drop, keep-alive',
        'X-Drop: 1',
        'Keep-Alive: 5',
        'Proxy-Authorization: b',
        'TE: trailers',
        'Trailer: x',
      ],
      ...[
        'Proxy-Connection: x',
        'Upgrade: h2c',
        'Expect: 100-continue',
        'Content-Length: 5',
        'X-Keep:\t kept',
        'Cookie: c',
      ],
    )
    assert.equal(new FieldLines().copyForwarded(fields).text, 'X-Keep: kept\r\nCookie: c\r\n')
    assert.equal(new FieldLines().copy(fields, 2).text, 'X-Drop: 1\r\n')
    assert.throws(() => new FieldLines().copy(fields, 0), { reason: 'field_reserved' })
  })

  test('whatever is left out of them, lines are forwarded in order, each as it would be written alone', () => {
    const line = fc.record({
      name: fc.constantFrom('A', 'b', 'X-C', 'Cookie', 'TE', 'x_d'),
      space: fc.constantFrom(' ', '', '\t', '  ', ' \t'),
      value: fc.constantFrom('', '1', 'two words', 'x'),
      after: fc.constantFrom('', ' ', '\t'),
    })
    fc.assert(
      fc.property(fc.array(line), fc.constantFrom(0, nameFlag.underscore, nameFlag.trailerDropped), (lines, left) => {
        const fields = fieldsOf(...lines.map(({ name, space, value, after }) => `${name}:${space}${value}${after}`))
        const alone = new FieldLines()
        for (let index = 0; index < fields.length; index++) {
          const { flags } = fields.name(index)
          if ((flags & (left | nameFlag.hopByHop | nameFlag.reserved)) === 0) alone.copy(fields, index)
        }
        const together = new FieldLines().copyForwarded(fields, left)
        assert.equal(together.text, alone.text)
        assert.equal(together.flags, alone.flags)
      }),
    )
  })
})
