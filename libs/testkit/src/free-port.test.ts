import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { startBackend } from './backend.ts'
import { freePort, isFree, portRange } from './free-port.ts'

test('free ports are free and differ', async () => {
  const ports = await Promise.all(Array.from({ length: 50 }, freePort))
  assert.equal(new Set(ports).size, ports.length)
  assert.ok((await Promise.all(ports.map(isFree))).every(Boolean))
})

test('processes that live at the same time are given different ports', async (t) => {
  const script = `
    const { freePort } = await import(${JSON.stringify(new URL('./free-port.ts', import.meta.url).href)})
    const ports = []
    for (let n = 0; n < 40; n++) ports.push(await freePort())
    process.stdout.write(ports.join())
    process.stdin.on('end', () => process.exit(0)).resume()`
  const children = Array.from({ length: 3 }, () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] })
    t.after(() => child.kill('SIGKILL'))
    return child
  })
  const said = await Promise.all(children.map(async ({ stdout }) => String((await once(stdout, 'data'))[0])))
  const ports = said.flatMap((one) => one.split(',').map(Number))
  for (const { stdin, stdout } of children) {
    stdin.end()
    await text(stdout)
  }
  assert.deepEqual([ports.length, new Set(ports).size], [120, 120])
})

test('a port on which somebody listens is not free', async (t) => {
  const backend = await startBackend(t, { port: await freePort() })
  assert.equal(await isFree(backend.port), false)
})

const ranges: readonly (readonly [
  what: string,
  outgoing: readonly [number, number],
  taken: readonly [number, number],
])[] = [
  ['below those of the kernel, where it takes them from on most machines', [32_768, 61_000], [20_000, 32_000]],
  ['below them where it takes from lower ones', [24_000, 65_536], [12_000, 24_000]],
  ['above them where it takes low ones', [1_024, 50_000], [50_000, 62_000]],
  ['as usual where it takes nearly all', [1_024, 65_536], [20_000, 32_000]],
]

for (const [what, [from, to], [lowest, highest]] of ranges) {
  test(`ports are taken ${what}`, () => assert.deepEqual(portRange({ from, to }), { from: lowest, to: highest }))
}
