import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClientConnection, FieldLines } from '@vrata/http1'
import { keptFor } from './kept-for.ts'

const rows: readonly (readonly [lines: string, time: number])[] = [
  ['Keep-Alive: timeout=5\r\n', 4_000],
  ['Keep-Alive: timeout=5, max=100\r\n', 4_000],
  ['Keep-Alive: max=100 , Timeout = 60\r\n', 59_000],
  ['Keep-Alive: timeout="15"\r\n', 14_000],
  ['Keep-Alive: timeout=2\r\n', 1_000],
  ['Keep-Alive: timeout=1\r\n', 500],
  ['Keep-Alive: timeout=0\r\n', 0],
  ['', Infinity],
  ['Connection: keep-alive\r\n', Infinity],
  ['Keep-Alive: 300\r\n', Infinity],
  ['Keep-Alive: timeout=-1\r\n', Infinity],
  ['Keep-Alive: my-timeout=1\r\n', Infinity],
  ['X-Keep-Alive: timeout=1\r\n', Infinity],
]

for (const [lines, time] of rows) {
  test(`${JSON.stringify(lines)} keeps a connection for ${time} ms without a request`, () => {
    const codec = new ClientConnection()
    const request = { method: 'GET', target: '/', host: 'a', fields: new FieldLines(), length: 'none' } as const
    codec.start(request, Buffer.alloc(0), true)
    codec.receive(Buffer.from(`HTTP/1.1 204 No Content\r\n${lines}\r\n`))
    const event = codec.next()
    assert.ok(event.kind === 'response')
    assert.equal(keptFor(event), time)
  })
}
