import assert from 'node:assert/strict'
import { test } from 'node:test'
import { distinctEndpoints, endpointId } from './endpoint-id.ts'

test('the id of an endpoint is its address as it is written in URLs', () => {
  assert.equal(endpointId({ host: '10.0.0.1', port: 80 }), '10.0.0.1:80')
  assert.equal(endpointId({ host: 'a.example', port: 443 }), 'a.example:443')
  assert.equal(endpointId({ host: '2001:db8::1', port: 80 }), '[2001:db8::1]:80')
})

test('of repeated endpoints the first is kept, the order stays', () => {
  const list = ['b', 'a', 'b', 'c', 'a'].map((host, n) => ({ host, port: 1, n }))
  assert.deepEqual(
    distinctEndpoints(list).map(({ host, n }) => `${host}${n}`),
    ['b0', 'a1', 'c3'],
  )
  assert.equal(
    distinctEndpoints([
      { host: 'a', port: 1 },
      { host: 'a', port: 2 },
    ]).length,
    2,
  )
})
