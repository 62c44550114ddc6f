import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { z } from 'zod'
import { accepts, refuses } from '../testing/check-rows.ts'
import { authority, hostnamePattern, splitAuthority } from './address.ts'
import { duration } from './duration.ts'
import { framingHeaders, headerPattern, headerValue, mutableHeaderName, mutableHeaderPattern } from './http.ts'
import { quote } from './text.ts'

function good(schema: z.ZodType, values: readonly string[]): void {
  accepts(
    schema,
    '',
    values.map((value) => ['', value]),
  )
}

function bad(schema: z.ZodType, code: string, values: readonly string[]): void {
  refuses(
    schema,
    '',
    values.map((value) => ['', value, code]),
  )
}

describe('a header name that configuration may change', () => {
  good(mutableHeaderName(), ['x-a', 'X_A', 'set-cookie', 'content-type', 'authorization'])
  bad(mutableHeaderName(), 'header.invalid', ['', 'a b', 'a:', 'é', 'a\r'])
  bad(mutableHeaderName(), 'header.forbidden', ['Host', 'Connection', 'te', 'upgrade', ...framingHeaders])
})

describe('a pattern of header names', () => {
  good(headerPattern(), ['x-a', 'x-auth-*', 'connection'])
  bad(headerPattern(), 'header.invalid', ['*', 'a*b*', '', ' *'])
  good(headerPattern({ bare: true }), ['*', 'x-*'])
  good(mutableHeaderPattern(), ['x-*', 'x-a'])
  bad(mutableHeaderPattern(), 'header.forbidden', ['host', 'transfer-encoding'])
  bad(mutableHeaderPattern(), 'header.invalid', ['*'])
})

describe('a header value', () => {
  good(headerValue(), ['', 'a b\tc', 'é', '"'])
  bad(headerValue(), 'header.invalid', ['a\nb', 'a\rb', 'a\0', '\x7f', '€'])
})

describe('a host pattern', () => {
  good(hostnamePattern(), ['a', 'a.b', '*.b', '*', 'a_b.c', '[2001:db8::1]', 'xn--d-1ga.example', 'A.B.'])
  bad(hostnamePattern(), 'hostname.invalid', [
    '',
    '.',
    'a..b',
    '*a',
    '*.*',
    '*.*.b',
    '1.2.3',
    '*.1.2.3.4',
    '[x]',
    'a b',
    'a/b',
  ])

  test('is read in lower case and without a dot at its end', () => {
    assert.equal(hostnamePattern().parse('*.Example.COM.'), '*.example.com')
  })
})

describe('a host with an optional port', () => {
  const rows: readonly (readonly [string, { host: string; port: number | undefined } | undefined])[] = [
    ['a.example', { host: 'a.example', port: undefined }],
    ['A.example:8443', { host: 'a.example', port: 8443 }],
    ['[::1]', { host: '[::1]', port: undefined }],
    ['[::1]:80', { host: '[::1]', port: 80 }],
    ['10.0.0.1:1', { host: '10.0.0.1', port: 1 }],
    ['::1', undefined],
    ['a:', undefined],
    ['a:0', undefined],
    ['a:65536', undefined],
    ['a:b', undefined],
    ['user@a', undefined],
    ['', undefined],
  ]
  for (const [text, parts] of rows)
    test(`${JSON.stringify(text)} is ${JSON.stringify(parts) ?? 'none'}`, () => {
      assert.deepEqual(splitAuthority(text), parts)
      assert.equal(authority().safeParse(text).success, parts !== undefined)
    })
})

describe('a duration', () => {
  const units: readonly (readonly [string, number])[] = [
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
    ['ms', 1],
    ['us', 0.001],
  ]

  test('within bounds is accepted, outside it is refused, however it is written', () => {
    const schema = duration({ min: '1s', max: '1h' })
    fc.assert(
      fc.property(fc.nat(5000), fc.constantFrom(...units), (amount, [unit, size]) => {
        const ms = amount * size
        assert.equal(schema.safeParse(`${amount}${unit}`).success, ms >= 1000 && ms <= 3_600_000)
      }),
    )
  })

  bad(duration({ min: '1ms' }), 'duration.range', ['0', '0s', '999us'])
  bad(duration(), 'duration.invalid', ['', '1', '-1s', '1 s', '1d', 's'])
})

describe('quoting', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['a', '"a"'],
    ['a"b\n', '"a\\"b\\n"'],
    ['x'.repeat(64), `"${'x'.repeat(64)}"`],
    ['x'.repeat(65), `"${'x'.repeat(63)}…"`],
  ]
  for (const [text, quoted] of rows) test(`makes ${quoted}`, () => assert.equal(quote(text), quoted))
})
