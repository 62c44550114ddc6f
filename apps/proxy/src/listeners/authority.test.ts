import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { hostOf } from './authority.ts'

test('what is remembered of authorities is small, whatever they were cut out of', () => {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  const filling = 'x'.repeat(200_000)
  collect()
  const before = process.memoryUsage().heapUsed
  for (let n = 0; n < 200; n++) {
    const authority = `a-host-that-is-long-${n}.example`
    const head = Buffer.from(`GET http://${authority}/ HTTP/1.1\r\nX: ${filling}\r\n`).toString('latin1')
    assert.equal(hostOf(head.slice(11, 11 + authority.length)), authority)
  }
  collect()
  const each = (process.memoryUsage().heapUsed - before) / 200
  assert.ok(each < filling.length / 10, `${Math.round(each)} bytes each`)
})
