import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeaderLines } from '../headers/header-lines.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { addCookies, exchangeReader, giveSession } from './session-cookies.ts'

const cookie = { name: 'pin', ttl: '1h' }

test('a cookie is found in whichever of several lines it stands; the first one counts', () => {
  const exchange = exchangeOf({
    headers: [
      ['Cookie', 'a=1'],
      ['COOKIE', 'b=2; pin=x'],
      ['cookie', 'pin=y'],
    ],
  })
  assert.equal(exchangeReader.sentCookie(exchange, 'pin'), 'x')
  assert.equal(exchangeReader.sentCookie(exchange, 'none'), undefined)
  assert.equal(exchangeReader.sentCookie(exchangeOf(), 'pin'), undefined)
})

test('the first line of a header that is not empty counts; the host is one of them', () => {
  const exchange = exchangeOf({
    host: 'blog.test',
    headers: [
      ['X-User', ''],
      ['x-user', 'ann'],
      ['x-user', 'bob'],
    ],
  })
  assert.equal(exchangeReader.headerLine(exchange, 'x-user'), 'ann')
  assert.equal(exchangeReader.headerLine(exchange, 'x-none'), undefined)
  assert.equal(exchangeReader.headerLine(exchange, 'host'), 'blog.test')
})

test('a new session is 32 hexadecimal digits, another one each time, and known for the rest of the exchange', () => {
  const ids = Array.from({ length: 100 }, () => {
    const exchange = exchangeOf()
    const id = exchangeReader.newSession(exchange, cookie)
    assert.match(id, /^[0-9a-f]{32}$/)
    assert.equal(exchangeReader.givenCookie(exchange, 'pin'), id)
    assert.equal(exchangeReader.givenCookie(exchange, 'other'), undefined)
    return id
  })
  assert.equal(new Set(ids).size, 100)
})

test('cookies go out behind the other headers, each name once, and marked when the client came over TLS', () => {
  for (const [scheme, end] of [
    ['http', ''],
    ['https', '; Secure'],
  ] as const) {
    const exchange = exchangeOf({ scheme })
    const head = new HeaderLines()
    head.add('a', 'b')
    addCookies(exchange, head)
    assert.deepEqual(head.toFlat(), ['a', 'b'])
    giveSession(exchange, cookie, 'first')
    giveSession(exchange, { name: 'other', ttl: '1m' }, 'x')
    giveSession(exchange, cookie, 'second')
    addCookies(exchange, head)
    assert.deepEqual(head.toFlat(), [
      'a',
      'b',
      'set-cookie',
      `other=x; Path=/; Max-Age=60; HttpOnly; SameSite=Lax${end}`,
      'set-cookie',
      `pin=second; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax${end}`,
    ])
  }
})
