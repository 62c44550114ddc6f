import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { Listener } from '@vrata/model'
import { fakeClock, own, type Scope } from '@vrata/testkit'
import { siteKey, sitePem } from '../testing/tls-material.ts'
import { TicketRotation, TicketSecret } from './ticket-secret.ts'
import { TlsGate } from './tls-gate.ts'

const hours = 3_600_000

/** A gate behind a socket of its own, as a process has it; its port. */
async function gate(t: Scope, secret: TicketSecret, listenerId = 'l'): Promise<number> {
  const { tls } = Listener.parse({ id: 'l', name: 'l', port: 80, tls: { cert: sitePem, key: siteKey } })
  assert.ok(tls)
  const guarded = new TlsGate(listenerId, tls, false, secret)
  own(t, () => guarded[Symbol.dispose]())
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    guarded.accept(socket, { onSecure: (secured) => void secured.end('x'), onFailure: () => undefined })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  own(t, () => server.close())
  return (server.address() as AddressInfo).port
}

/** Connects; whether the session was resumed, and what to resume the next one with. */
async function visit(t: Scope, port: number, session?: Buffer, version: 'TLSv1.2' | 'TLSv1.3' = 'TLSv1.3') {
  const socket = connect({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    maxVersion: version,
    ...(session && { session }),
  })
  own(t, () => socket.destroy())
  const sessions: Buffer[] = []
  socket.on('session', (given: Buffer) => sessions.push(given))
  await once(socket, 'secureConnect')
  const resumed = socket.isSessionReused()
  socket.resume()
  await once(socket, 'close')
  return { resumed, session: sessions[0] }
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`who has the same secret resumes sessions that another process began; nobody else does: ${version}`, async (t) => {
    const one = new TicketSecret()
    const two = new TicketSecret()
    const [first, second] = [await gate(t, one), await gate(t, two)]
    const { session } = await visit(t, first, undefined, version)
    assert.equal((await visit(t, first, session, version)).resumed, true)
    assert.equal((await visit(t, second, session, version)).resumed, false)
    const shared = new TicketRotation(fakeClock(), () => undefined)
    for (const secret of [one, two]) secret.replace(shared.current)
    assert.equal((await visit(t, first, session, version)).resumed, false, 'what was begun under another secret')
    const { session: next } = await visit(t, first, undefined, version)
    assert.equal((await visit(t, second, next, version)).resumed, true)
    const elsewhere = await gate(t, one, 'another listener')
    assert.equal((await visit(t, elsewhere, next, version)).resumed, false)
  })
}

test('a gate that is no more hears of no secret', () => {
  const secret = new TicketSecret()
  const told: string[] = []
  const forget = secret.onReplaced(() => told.push('first'))
  secret.onReplaced(() => told.push('second'))
  forget()
  const before = secret.keysFor('a')
  secret.replace(Buffer.alloc(48))
  assert.deepEqual(told, ['second'])
  assert.equal(before.length, 48)
  assert.notDeepEqual(secret.keysFor('a'), before)
  assert.notDeepEqual(secret.keysFor('a'), secret.keysFor('b'))
})

test('there is another secret twice a day, until nobody wants one', () => {
  const clock = fakeClock()
  const secrets: Uint8Array[] = []
  const rotation = new TicketRotation(clock, (secret) => secrets.push(secret))
  const first = rotation.current
  clock.advance(12 * hours - 1)
  assert.deepEqual([secrets.length, rotation.current], [0, first])
  clock.advance(1)
  assert.deepEqual(secrets, [rotation.current])
  clock.advance(12 * hours)
  assert.deepEqual(secrets.at(-1), rotation.current)
  const all = [first, ...secrets].map((secret) => Buffer.from(secret).toString('hex'))
  assert.equal(new Set(all).size, 3)
  rotation[Symbol.dispose]()
  assert.equal(clock.waiting, 0)
})
