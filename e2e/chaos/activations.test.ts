import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { eventually, openWebSocket, slowDownload, startBackend, startLoad, startUpgradeBackend } from '@vrata/testkit'
import { startGateway } from '../gateway.ts'

const activations = 200
const size = 400_000_000 // far more than what is read slowly until the end of the run

test(`${activations} activations under constant load: no request fails, no connection is dropped`, {
  timeout: 600_000,
}, async (t) => {
  const { client, url, port, base, activate, proxy } = await startGateway(t)
  const blue = await startBackend(t, { name: 'blue' })
  const green = await startBackend(t, { name: 'green' })
  const chat = await startUpgradeBackend(t)
  const chunk = Buffer.alloc(1_000_000, 'x')
  const files = await startBackend(t, {
    handler: async (_request, response) => {
      response.writeHead(200, { 'content-length': size })
      for (let sent = 0; sent < size; sent += chunk.length) {
        if (!response.write(chunk)) await once(response, 'drain')
      }
      response.end()
    },
  })
  const config = base
    .destination('blue', blue.address)
    .destination('green', green.address)
    .destination('chat', chat.address)
    .destination('files', files.address)
    .forward('chat', '/chat', 'chat')
    .forward('files', '/files', 'files')
  // two snapshots that differ in the route under load, activated in turns
  const first = await activate(config.forward('shop', '/shop', 'blue').respond('extra', '/extra', 'first'), 'first')
  const { id: second } = await config.forward('shop', '/shop', 'green').capture(client, 'second')

  const socket = await openWebSocket(t, `ws://127.0.0.1:${port}/chat`)
  const download = await slowDownload(`${url}/files/big`, 500_000)
  const load = startLoad({
    url: `${url}/shop/cart`,
    clients: 8,
    check: (status, body) =>
      status === 200 && (body === 'blue\n' || body === 'green\n') ? undefined : `${status} ${body}`,
  })
  t.after(() => load.stop()) // also when an assertion below ends the test early
  const messages = { asked: 0, answered: 0 }
  let talking = true
  const talk = async (): Promise<void> => {
    while (talking) {
      messages.asked++
      const text = `message ${messages.asked}`
      if ((await socket.ask(text)) === text) messages.answered++
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  const talked = talk()

  await eventually('the load to flow', () => load.counts.answered > 100)
  for (let n = 0; n < activations; n++) {
    const id = n % 2 === 0 ? second : first
    await client.snapshots.activate(id)
    await proxy.applied(id)
  }
  talking = false
  await talked
  const counts = await load.stop()
  t.diagnostic(
    `${counts.answered} requests, ${messages.answered} WebSocket messages, ${download.received} bytes of the download`,
  )

  assert.equal(counts.failed, 0, counts.failures.join('\n'))
  assert.equal(counts.dropped, 0, 'kept connections that were closed')
  assert.ok(counts.answered > activations, `only ${counts.answered} requests while ${activations} activations went on`)
  assert.deepEqual([socket.open, messages.answered], [true, messages.asked])
  assert.equal(download.finished, false, 'the download has to be under way during the whole run')
  assert.ok(blue.requests.length > 0 && green.requests.length > 0)
  download.hurry()
  assert.equal(await download.done, size)
})
