import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { type Script, scriptedUpstream } from './scripted-upstream.ts'

/** Runs a script against `client` in a scope of its own, and gives what the end of that scope says. */
async function play(
  script: Script,
  client: (port: number) => Promise<() => void>,
  patience = 30_000,
): Promise<unknown> {
  let release: (() => unknown) | undefined
  const upstream = await scriptedUpstream({ after: (fn) => (release = fn) }, script, patience)
  const leave = await client(upstream.port)
  try {
    await release?.()
    return undefined
  } catch (error) {
    return error
  } finally {
    leave()
  }
}

/** A client that keeps its connection open whatever the server does. */
async function stubborn(port: number) {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  await once(socket, 'connect')
  socket.on('error', () => undefined)
  return () => void socket.destroy()
}

async function polite(port: number) {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.resume().write('GET / HTTP/1.1\r\n\r\nbody')
  return () => void socket.destroy()
}

test('bytes are read and written exactly, step by step', async () => {
  const seen: string[] = []
  const error = await play(async (peer) => {
    seen.push(await peer.requestHead(), (await peer.readBytes(3)).toString(), await peer.readUntil('y'))
    await peer.write('answer')
  }, polite)
  assert.equal(error, undefined)
  assert.deepEqual(seen, ['GET / HTTP/1.1\r\n\r\n', 'bod', 'y'])
})

test('a step that is never played fails the test', async () => {
  const error = await play(
    async (peer) => {
      await peer.readUntil('never')
    },
    polite,
    100,
  )
  assert.match(String(error), /waited in vain for "never"|still has steps/)
})

test('a connection that the other side keeps fails the test', async () => {
  const error = await play(async () => undefined, stubborn, 100)
  assert.match(String(error), /keeps a socket/)
})

test('an error in a script fails the test', async () => {
  const error = await play(async () => assert.fail('wrong request'), polite)
  assert.match(String(error), /wrong request/)
})
