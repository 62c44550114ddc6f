import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setCookieLine } from './own-cookie.ts'

test('a cookie is set for the whole host, out of reach of scripts and of other sites', () => {
  const cookie = { name: 'pin', value: 'abc', ttl: 3_600_000 }
  assert.equal(setCookieLine(cookie, false), 'pin=abc; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax')
  assert.equal(setCookieLine(cookie, true), 'pin=abc; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax; Secure')
  assert.match(setCookieLine({ ...cookie, ttl: 1_999 }, false), /; Max-Age=1;/)
  assert.match(setCookieLine({ ...cookie, ttl: 1 }, false), /; Max-Age=1;/, 'never 0, which would delete it')
})
