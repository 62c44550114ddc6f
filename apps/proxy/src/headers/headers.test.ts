import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { listHas, namedFields } from './connection-options.ts'
import { headerName, trait } from './header-name.ts'
import { newTraceparent, traceIdOf } from './traceparent.ts'

test('a name is known by its lower case and keeps its spelling', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z][A-Za-z-]{0,70}$/), (sent) => {
      const name = headerName(sent)
      assert.equal(name.text, sent)
      assert.equal(name.lower, sent.toLowerCase())
      assert.equal(headerName(sent).flags, headerName(sent.toUpperCase()).flags)
    }),
  )
})

test('the same spelling gives the same object, and what is known of a name outlives hostile ones', () => {
  assert.equal(headerName('X-Known'), headerName('X-Known'))
  for (let at = 0; at < 10_000; at++) headerName(`x-hostile-${at}`)
  assert.equal(headerName('Connection').flags & trait.connection, trait.connection)
})

test('what is no token is no name', () => {
  for (const text of ['', 'a b', 'a:', 'a\r\nb']) assert.throws(() => headerName(text), TypeError)
})

test('an underscore is seen in any name', () => {
  assert.ok(headerName('x_forwarded_for').flags & trait.underscore)
  assert.ok(!(headerName('x-forwarded-for').flags & trait.underscore))
})

test('options of Connection that name fields are found, others are not', () => {
  assert.equal(namedFields('keep-alive'), undefined)
  assert.equal(namedFields('close, TE, Upgrade, keep-alive, , '), undefined)
  assert.deepEqual([...(namedFields(' X-A ,close,x-b') ?? [])], ['x-a', 'x-b'])
})

test('a list is compared by whole tokens in any case', () => {
  assert.ok(listHas('keep-alive, Upgrade', 'upgrade'))
  assert.ok(!listHas('upgraded', 'upgrade'))
  assert.ok(!listHas('', 'upgrade'))
})

test('new traces differ and are well formed', () => {
  const made = new Set<string>()
  for (let at = 0; at < 1000; at++) {
    const traceparent = newTraceparent(undefined)
    assert.match(traceparent, /^00-[\da-f]{32}-[\da-f]{16}-01$/)
    assert.equal(newTraceparent(traceparent), traceparent)
    made.add(traceIdOf(traceparent))
  }
  assert.equal(made.size, 1000)
})

test('what is no trace begins a new one', () => {
  for (const text of [
    '',
    'x',
    '00-0af7-b7ad-01',
    `ff-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    `00-${'A'.repeat(32)}-${'b'.repeat(16)}-01`,
  ]) {
    assert.notEqual(newTraceparent(text), text)
  }
  const later = `01-${'a'.repeat(32)}-${'b'.repeat(16)}-01-more`
  assert.equal(newTraceparent(later), later)
})
