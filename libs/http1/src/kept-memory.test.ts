import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { ClientConnection } from './client-connection.ts'
import { completeLimits } from './limits.ts'
import { ServerConnection } from './server-connection.ts'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

function usedMemory(): number {
  collect()
  return process.memoryUsage().heapUsed
}

const limits = completeLimits({ head: 400_000, startLine: 400_000 })
const count = 50
const filling = 'x'.repeat(200_000)

/** Fails when `make` gives things that keep about as much as they have read. */
function assertSmall<T>(make: () => T): void {
  make()
  const before = usedMemory()
  const kept = Array.from({ length: count }, make)
  const each = (usedMemory() - before) / kept.length
  assert.ok(each < filling.length / 10, `${Math.round(each)} bytes each`)
}

const connectionLines = 'Connection: Upgrade, a-name-that-is-long\r\nUpgrade: a-protocol-that-is-long\r\n'

for (const [what, target] of [
  ['its path', '/'],
  ['an absolute target', 'http://a-host-that-is-long.example/'],
] as const) {
  test(`a server connection that waits keeps nothing of the last request, told by ${what}`, () => {
    assertSmall(() => {
      const connection = new ServerConnection(limits)
      const lines = `Host: a-host-that-is-long.example\r\n${connectionLines}X: ${filling}\r\n`
      connection.receive(Buffer.from(`GET ${target} HTTP/1.1\r\n${lines}\r\n`))
      assert.equal(connection.next().kind, 'request')
      assert.equal(connection.next().kind, 'end')
      connection.respond({ status: 200 }, Buffer.from('fine'))
      assert.ok(connection.idle)
      return connection
    })
  })
}

test('a client connection that waits keeps nothing of the last response', () => {
  assertSmall(() => {
    const connection = new ClientConnection(limits)
    connection.start({ method: 'GET', target: '/', host: 'a', length: 'none' })
    connection.end()
    const lines = `Content-Length: 0\r\n${connectionLines}X: ${filling}\r\n`
    connection.receive(Buffer.from(`HTTP/1.1 200 OK\r\n${lines}\r\n`))
    assert.equal(connection.next().kind, 'response')
    assert.equal(connection.next().kind, 'end')
    return connection
  })
})
