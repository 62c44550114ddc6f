import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { ask, eventually, freePort, isFree, oneConnection, slowDownload, snapshot, startBackend } from '@vrata/testkit'
import { startGateway } from '../gateway.ts'

test('an activation that leaves a listener as it is keeps its socket and the connections on it', async (t) => {
  const { url, base, activate } = await startGateway(t)
  await activate(base.respond('all', '/', 'one'))
  const agent = oneConnection()
  t.after(() => agent.destroy())
  const connections = new Set()
  agent.on('free', (socket) => connections.add(socket))
  assert.equal((await ask(url, { agent })).body, 'one')
  await activate(base.respond('all', '/', 'two'))
  assert.equal((await ask(url, { agent })).body, 'two')
  await activate(base.respond('all', '/', 'three').listener('more', await freePort()))
  assert.equal((await ask(url, { agent })).body, 'three')
  assert.equal(connections.size, 1)
})

test('a setting of a listener is changed on the living connection', async (t) => {
  const { url, port, base, activate } = await startGateway(t)
  await activate(base.listener('web', port, { serverName: 'before' }).respond('all', '/', 'x'))
  const agent = oneConnection()
  t.after(() => agent.destroy())
  const first = await ask(url, { agent })
  await activate(base.listener('web', port, { serverName: 'after' }).respond('all', '/', 'x'))
  const second = await ask(url, { agent })
  assert.deepEqual([first.headers['server'], second.headers['server']], ['before', 'after'])
  assert.notEqual(second.headers.connection, 'close')
})

test('a listener that moves serves on the new port at once; the old one takes no more, and what is under way there ends well', async (t) => {
  const size = 20_000_000
  const { url, port, base, activate } = await startGateway(t)
  const backend = await startBackend(t, {
    handler: (_request, response) => void response.end(Buffer.alloc(size)),
  })
  const config = base.destination('files', backend.address).forward('all', '/', 'files')
  await activate(config)
  const download = await slowDownload(url, 100_000)
  await eventually('the first bytes', () => download.received > 0)

  const elsewhere = await freePort()
  await activate(config.listener('web', elsewhere))
  assert.equal((await ask(`http://127.0.0.1:${elsewhere}/`)).body.length, size)
  await eventually('the old port to be closed', () => isFree(port))
  await assert.rejects(ask(url), /ECONNREFUSED/)
  download.hurry()
  assert.equal(await download.done, size)
})

test('a kept connection of a listener that goes is told so and closed', async (t) => {
  const { url, base, activate, client, proxy } = await startGateway(t)
  await activate(base.respond('all', '/', 'x'))
  const agent = oneConnection()
  t.after(() => agent.destroy())
  const kept = once(agent, 'free') as Promise<[Socket]>
  await ask(url, { agent })
  const closed = once((await kept)[0], 'close')
  const { id } = await snapshot().activate(client, 'empty')
  await proxy.applied(id)
  await closed
  await assert.rejects(ask(url), /ECONNREFUSED/)
})

test('two listeners may swap their ports', async (t) => {
  const { base, port, activate } = await startGateway(t)
  const other = await freePort()
  const config = base
    .respond('a', '/', 'from a', { listenerIds: ['web'] })
    .respond('b', '/', 'from b', { listenerIds: ['b'] })
  const answers = async (): Promise<string[]> => [
    (await ask(`http://127.0.0.1:${port}/`)).body,
    (await ask(`http://127.0.0.1:${other}/`)).body,
  ]
  await activate(config.listener('web', port).listener('b', other))
  assert.deepEqual(await answers(), ['from a', 'from b'])
  await activate(config.listener('web', other).listener('b', port))
  assert.deepEqual(await answers(), ['from b', 'from a'])
})

test('stopping a proxy lets the request under way end', async (t) => {
  const { url, port, base, activate, proxy } = await startGateway(t)
  let release = (): void => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const backend = await startBackend(t, {
    handler: async (_request, response) => {
      await held
      response.end('late')
    },
  })
  await activate(base.destination('a', backend.address).forward('all', '/', 'a'))
  const answer = ask(url)
  await eventually('the request', () => backend.requests.length === 1)
  const stopped = proxy.program.stop()
  await eventually('the port to be closed', () => isFree(port))
  release()
  assert.equal((await answer).body, 'late')
  assert.equal(await stopped, 0)
})
