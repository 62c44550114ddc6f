import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exchangeOf } from './testing/exchange.ts'

const name = 'x-forwarded-client-cert'

test('what is told of the certificate of a client is a header like others, however it is read', () => {
  const { headers, ...exchange } = readings(exchangeOf({ certificateHeader: 'spiffe://a' }))
  assert.deepEqual([headers, exchange], ['spiffe://a', { header: 'spiffe://a', lines: ['spiffe://a'] }])
  assert.deepEqual(readings(exchangeOf()), { headers: undefined, header: undefined, lines: [] })
})

function readings(exchange: ReturnType<typeof exchangeOf>) {
  return { headers: exchange.headers.get(name), header: exchange.header(name), lines: exchange.lines(name) }
}
