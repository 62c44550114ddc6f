import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { test } from 'node:test'
import { ask, eventually } from '@vrata/testkit'
import { findProgram } from '../bench/machine/programs.ts'
import { startGateway } from '../gateway.ts'
import { largeSize, startEchoServer } from '../real-backends/echo-server.ts'
import { apacheBefore, haproxyBefore, nginxBefore, type StartServer } from '../real-backends/servers.ts'

interface Kind {
  readonly name: string
  /** Undefined: the server that stands behind all others is asked itself. */
  readonly start?: StartServer
  readonly needs?: string
}

const kinds: readonly Kind[] = [
  { name: 'node' },
  { name: 'nginx', start: nginxBefore, needs: 'nginx' },
  { name: 'haproxy', start: haproxyBefore, needs: 'haproxy' },
  { name: 'apache', start: apacheBefore, needs: 'apache2' },
]

/** Asks with a body in chunks, or with an invitation waited for, and gives the whole answer. */
async function post(url: string, pieces: readonly Buffer[], headers: object = {}): Promise<string> {
  const sent = request(url, { method: 'POST', agent: false, headers: { ...headers } })
  if ('expect' in headers) {
    sent.flushHeaders()
    await once(sent, 'continue')
  }
  for (const piece of pieces) if (!sent.write(piece)) await once(sent, 'drain')
  sent.end()
  const [response]: IncomingMessage[] = await once(sent, 'response')
  assert.equal(response?.statusCode, 200)
  let text = ''
  for await (const chunk of response ?? []) text += String(chunk)
  return text
}

const digest = (pieces: readonly Buffer[]) => {
  const whole = Buffer.concat(pieces)
  return `${whole.length} ${createHash('sha256').update(whole).digest('hex')}`
}

for (const { name, start, needs } of kinds) {
  const program = needs === undefined ? '' : findProgram(needs)
  const skip = program === undefined && `${needs} is not installed`
  test(`${name} as a backend: all kinds of requests, over few connections`, { skip }, async (t) => {
    const behind = await startEchoServer(t)
    const address = start === undefined ? behind.address : await start(t, program ?? '', behind.address)
    const gateway = await startGateway(t)
    const { url, proxy, base } = gateway
    await gateway.activate(base.destination('d', address).forward('all', '/', 'd'))
    const connections = async () => {
      const report = await (await fetch(`${proxy.adminUrl}/endpoints`)).json()
      const [endpoint] = (report as { endpoints: { connections: number; inFlight: number }[] }[])[0]?.endpoints ?? []
      assert.ok(endpoint)
      return endpoint
    }

    for (let times = 0; times < 20; times++) assert.equal((await ask(`${url}/x`)).body, 'hello')
    assert.equal((await connections()).connections, 1, 'twenty requests share a connection')

    const head = await ask(`${url}/large`, { method: 'HEAD' })
    assert.deepEqual([head.status, head.headers['content-length'], head.body], [200, String(largeSize), ''])
    assert.equal((await ask(`${url}/empty`)).status, 204)
    assert.equal((await ask(`${url}/large`)).body.length, largeSize)
    assert.equal((await ask(`${url}/echo`, { method: 'POST', body: 'with a length' })).body, 'with a length')
    assert.equal((await ask(`${url}/echo`, { method: 'POST' })).body, '')
    assert.equal(await post(`${url}/echo`, [Buffer.from('in '), Buffer.from('chunks')]), 'in chunks')
    const upload = Array.from({ length: 64 }, () => randomBytes(65_536))
    assert.equal(await post(`${url}/digest`, upload), digest(upload))
    assert.equal((await connections()).connections, 1, 'and all of these too')

    const expected = [Buffer.from('invited')]
    assert.equal(
      await post(`${url}/digest`, expected, { expect: '100-continue', 'content-length': 7 }),
      digest(expected),
    )

    const many = await Promise.all(Array.from({ length: 50 }, (_, at) => post(`${url}/echo`, [Buffer.from(`${at}`)])))
    assert.deepEqual(
      many,
      Array.from({ length: 50 }, (_, at) => `${at}`),
    )
    await eventually('nothing to be in flight', async () => (await connections()).inFlight === 0)
    assert.ok((await connections()).connections <= 50)
  })
}
