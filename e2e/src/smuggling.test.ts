import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, eventually, type Scope } from '@vrata/testkit'
import { findProgram } from '../bench/machine/programs.ts'
import { startGateway } from '../gateway.ts'
import type { Attack, Targets } from '../smuggling/attack.ts'
import { startApacheBackend } from '../smuggling/backends/apache-backend.ts'
import { startHaproxyBackend } from '../smuggling/backends/haproxy-backend.ts'
import { startNginxBackend } from '../smuggling/backends/nginx-backend.ts'
import { startNodeBackend } from '../smuggling/backends/node-backend.ts'
import type { ObservedBackend } from '../smuggling/backends/observed.ts'
import { chunkAttacks } from '../smuggling/chunk-attacks.ts'
import { framingAttacks } from '../smuggling/framing-attacks.ts'
import { headAttacks } from '../smuggling/head-attacks.ts'
import { RawClient } from '../smuggling/raw-client.ts'

const attacks = [...framingAttacks, ...chunkAttacks, ...headAttacks]

interface Kind {
  readonly name: string
  readonly start: (scope: Scope, program: string) => Promise<ObservedBackend>
  /** Not part of Node, so perhaps not there. */
  readonly needs?: string
}

const kinds: readonly Kind[] = [
  { name: 'node', start: startNodeBackend },
  { name: 'nginx', start: startNginxBackend, needs: 'nginx' },
  { name: 'haproxy', start: startHaproxyBackend, needs: 'haproxy' },
  { name: 'apache', start: startApacheBackend, needs: 'apache2' },
]

/** How the bytes of an attack arrive: in one piece, or in many, so that a body is under way when its fault comes. */
const cuts = ['whole', 'in pieces'] as const
/** An attack in pieces has at most this many, and none is shorter than `shortest` bytes. */
const mostPieces = 40
const shortest = 13

function targetsOf(prefix: string): Targets {
  return { ok: (n) => `${prefix}/ok-${n}`, broken: `${prefix}/broken`, smuggled: `${prefix}/smuggled` }
}

/** Plays an attack; throws unless its requests got exactly the answers that are theirs. */
async function play(attack: Attack, at: Targets, port: number, cut: (typeof cuts)[number]): Promise<void> {
  const { answered, refused, abandons } = attack
  const bytes = attack.bytes(at)
  const client = new RawClient(port)
  try {
    const piece = cut === 'whole' ? bytes.length : Math.max(shortest, Math.ceil(bytes.length / mostPieces))
    const written = client.write(bytes, piece)
    for (const [index, method] of answered.entries()) {
      const { status, headers } = await client.answer(method)
      assert.deepEqual([status, headers.get('x-echo')], [200, `${method} ${at.ok(index + 1)} from=`])
    }
    await written
    if (abandons) client.end()
    if (refused !== undefined) {
      const { status, headers, body } = await client.answer('GET')
      const said = JSON.parse(body)
      assert.deepEqual([status, said.status, typeof said.error], [refused, refused, 'string'], body)
      assert.deepEqual([headers.get('content-type'), headers.get('connection')], ['application/json', 'close'])
    }
    const rest = await client.rest()
    if (abandons && rest !== '') assert.match(rest, /^HTTP\/1\.1 400 [\s\S]*\r\n\r\n\{[^{}]*\}\n$/)
    else assert.equal(rest, '', 'nothing comes behind the last answer')
  } finally {
    client.destroy()
  }
}

/** Somebody who uses the gateway at the same time, on a connection of its own. */
class Victim {
  readonly #client: RawClient
  #asked = 0

  constructor(port: number) {
    this.#client = new RawClient(port)
  }

  /** What backends have to have seen of it. */
  get requests(): string[] {
    return Array.from({ length: this.#asked }, (_, n) => `GET /victim/${n}`)
  }

  async ask(): Promise<void> {
    const n = this.#asked++
    const target = `/victim/${n}`
    await this.#client.write(`GET ${target} HTTP/1.1\r\nHost: gateway.test\r\nX-Client: victim-${n}\r\n\r\n`)
    const { status, headers, body } = await this.#client.answer('GET')
    assert.deepEqual([status, headers.get('x-echo'), body], [200, `GET ${target} from=victim-${n}`, 'ok'])
  }

  leave(): void {
    this.#client.destroy()
  }
}

for (const { name, start, needs } of kinds) {
  const program = needs === undefined ? '' : findProgram(needs)
  const skip = program === undefined ? `${needs} is not installed (Debian: apt-get install ${needs})` : false
  test(`what no two readers may understand differently never reaches ${name}, and nobody gets the answer of another`, {
    skip,
  }, async (t) => {
    const { port, base, activate } = await startGateway(t)
    const backend = await start(t, program ?? '')
    // one connection for all: whatever an attack leaves behind on it, the victim finds
    await activate(base.destination('a', backend.address, { options: { maxConnsPerHost: 1 } }).forward('all', '/', 'a'))

    const victim = new Victim(port)
    t.after(() => victim.leave())
    await victim.ask()
    const allowed = new Set<string>()
    const expected: string[] = []
    const failures: string[] = []
    for (const [index, attack] of attacks.entries()) {
      for (const cut of cuts) {
        const at = targetsOf(`/${index}-${cut === 'whole' ? 'whole' : 'pieces'}`)
        const label = `${attack.family}, ${attack.what}, ${cut} (${at.ok(1)})`
        expected.push(...attack.answered.map((method, n) => `${method} ${at.ok(n + 1)}`))
        allowed.add(`POST ${at.broken}`)
        try {
          await Promise.all([play(attack, at, port, cut), victim.ask()])
          await victim.ask()
        } catch (thrown) {
          failures.push(`${label}: ${thrown instanceof Error ? thrown.message : thrown}`)
        }
      }
    }
    assert.deepEqual(failures, [])

    // what comes past the proxy is logged after all that came through it
    await ask(`http://${backend.address}/end`)
    expected.push(...victim.requests, 'GET /end')
    const whole = async (): Promise<string[]> =>
      (await backend.seen()).flatMap((s) => (s.status === 200 ? s.request : []))
    // each server writes its log in its own time, and lines of two connections in either order
    await eventually('the log of the backend to be written', async () => (await whole()).length >= expected.length)
    assert.deepEqual((await whole()).sort(), expected.sort(), 'exactly what was in order was answered')
    const partial = (await backend.seen()).filter(({ status, request }) => status !== 200 && !allowed.has(request))
    assert.deepEqual(partial, [], 'nothing else was seen, not even in part')
  })
}
