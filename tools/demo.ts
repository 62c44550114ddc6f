/**
 * `npm run demo`: the tour of a newcomer, with real processes on free ports. Shows each call and what came back, and
 * exits with 1 when anything is not as it should be. Leaves nothing behind.
 */
import {
  ask,
  type Backend,
  type ControlPlaneProgram,
  eventually,
  freePort,
  ProgramScope,
  type ProxyProgram,
  startBackend,
  startControlPlane,
  startProxy,
} from '@vrata/testkit'
import { type Narrator, narrator } from './demo/narrator.ts'

/** Everything that the parts of the tour work with. */
interface Stage {
  readonly tell: Narrator
  readonly plane: ControlPlaneProgram
  readonly proxy: ProxyProgram
  readonly blue: Backend
  readonly green: Backend
  /** Where the proxy will listen. */
  readonly web: string
  readonly port: number
}

async function main(): Promise<number> {
  await using scope = new ProgramScope()
  console.log('Vrata, the tour. Everything runs on this machine, on free ports, and is gone afterwards.')
  const blue = await startBackend(scope, { name: 'blue' })
  const green = await startBackend(scope, { name: 'green' })
  const plane = await startControlPlane(scope)
  const tell = narrator(plane.url)

  tell.part('What runs')
  tell.say(`two backends stand in for your services: blue on ${blue.address}, green on ${green.address}`)
  tell.say(`a control plane keeps the configuration: ${plane.url} (process ${plane.program.pid})`)
  const proxy = await startProxy(scope, { controlPlane: plane.url, name: 'edge-1' })
  tell.say(`a proxy carries the traffic: edge-1 (process ${proxy.program.pid}), connected to the control plane`)
  const port = await freePort()
  const stage: Stage = { tell, plane, proxy, blue, green, port, web: `http://127.0.0.1:${port}` }

  await describe(stage)
  const first = await firstSnapshot(stage)
  await secondSnapshot(stage)
  await mistakes(stage)
  await rollback(stage, first)
  await withoutControlPlane(stage)

  const { wrong } = tell
  console.log(wrong.length === 0 ? '\nEverything was as it should be.' : `\n${wrong.length} steps went wrong:`)
  for (const sentence of wrong) console.log(`✗ ${sentence}`)
  return wrong.length === 0 ? 0 : 1
}

function shop(destinations: readonly { destinationId: string; weight: number }[]): object {
  return { name: 'shop', match: { pathPrefix: '/shop' }, forward: { destinations } }
}

async function describe({ tell, blue, green, port, web }: Stage): Promise<void> {
  tell.part('Say where to listen, where to send, and which requests')
  const post = (kind: string, body: object) => tell.api('POST', `/api/v1/${kind}`, body, 201)
  await post('listeners', { id: 'web', name: 'web', address: '127.0.0.1', port })
  await post('destinations', { id: 'blue', name: 'blue', host: '127.0.0.1', port: blue.port })
  await post('destinations', { id: 'green', name: 'green', host: '127.0.0.1', port: green.port })
  await post('routes', { id: 'shop', ...shop([{ destinationId: 'blue', weight: 100 }]) })
  const refused = await ask(`${web}/shop`).then(
    () => false,
    () => true,
  )
  tell.check(refused, `nothing is live yet: nobody listens on port ${port}`)
}

/** Captures and activates, waits until the proxy runs it, and says how long that took. */
async function live(stage: Stage, name: string, id?: string): Promise<string> {
  const { tell, plane } = stage
  const captured = id ?? String((await tell.api('POST', '/api/v1/snapshots', { name }, 201))['id'])
  const began = performance.now()
  await tell.api('POST', `/api/v1/snapshots/${captured}/activate`, {}, 200)
  const took = await eventually(`the proxy to run ${name}`, async () => {
    const [proxy] = (await plane.client.fleet()).proxies
    return proxy?.state === 'inSync' && proxy.snapshotId === captured ? performance.now() - began : undefined
  }).catch(() => undefined)
  const time = took === undefined ? 'did not happen' : `${Math.round(took)} ms`
  tell.check(
    took !== undefined,
    `the fleet says that edge-1 runs snapshot "${name}" (activation to acknowledgement: ${time})`,
  )
  return captured
}

async function firstSnapshot(stage: Stage): Promise<string> {
  const { tell, web } = stage
  tell.part('Capture a snapshot and activate it')
  const id = await live(stage, 'first')
  await tell.get(`${web}/shop/cart`, 'blue\n')
  const { status } = await ask(`${web}/elsewhere`)
  tell.check(status === 404, 'a path that no route knows is answered 404')
  return id
}

async function secondSnapshot(stage: Stage): Promise<void> {
  const { tell, web } = stage
  tell.part('Give half of the traffic to green')
  const half = [
    { destinationId: 'blue', weight: 50 },
    { destinationId: 'green', weight: 50 },
  ]
  await tell.api('PUT', '/api/v1/routes/shop', shop(half), 200)
  tell.check((await ask(`${web}/shop/cart`)).body === 'blue\n', 'the change is staged: traffic still goes to blue')
  await live(stage, 'second')
  const seen = new Map<string, number>()
  for (let n = 0; n < 60; n++) {
    const { body } = await ask(`${web}/shop/cart`)
    seen.set(body.trim(), (seen.get(body.trim()) ?? 0) + 1)
  }
  const counts = [...seen].map(([name, count]) => `${name} ${count}`).join(', ')
  const both = seen.size === 2 && seen.has('blue') && seen.has('green')
  tell.check(both, `60 requests went to both backends: ${counts}`)
}

async function mistakes({ tell, web }: Stage): Promise<void> {
  tell.part('Mistakes are refused with the place and what to do')
  const typo = await tell.api(
    'POST',
    '/api/v1/routes',
    { name: 'oops', match: { pathPrefx: '/x' }, directResponse: { status: 204 } },
    400,
  )
  const [problem] = Array.isArray(typo['problems']) ? typo['problems'] : []
  tell.check(
    problem?.suggestion === 'pathPrefix',
    `${problem?.pointer}: ${problem?.message}; did you mean ${problem?.suggestion}?`,
  )
  await tell.api('POST', '/api/v1/routes', { id: 'lost', ...shop([{ destinationId: 'red', weight: 100 }]) }, 201)
  const refused = await tell.api('POST', '/api/v1/snapshots', { name: 'broken' }, 400)
  tell.check(
    refused['code'] === 'capture_refused',
    'a snapshot that names a destination which does not exist is not captured',
  )
  await tell.api('DELETE', '/api/v1/routes/lost', undefined, 204)
  tell.check((await ask(`${web}/shop/cart`)).status === 200, 'traffic did not notice')
}

async function rollback(stage: Stage, first: string): Promise<void> {
  const { tell, web } = stage
  tell.part('Roll back: activate the older snapshot')
  await live(stage, 'first', first)
  let blue = 0
  for (let n = 0; n < 30; n++) if ((await ask(`${web}/shop/cart`)).body === 'blue\n') blue++
  tell.check(blue === 30, `${blue} of 30 requests went to blue`)
}

async function withoutControlPlane({ tell, plane, proxy, web }: Stage): Promise<void> {
  tell.part('The proxy does not need the control plane to serve')
  const code = await plane.program.stop()
  tell.check(code === 0, 'the control plane was stopped and ended with exit code 0')
  await tell.get(`${web}/shop/cart`, 'blue\n')
  await proxy.program.kill()
  tell.say('the proxy was killed (kill -9) and is started again')
  await proxy.restart()
  const again = await eventually('the proxy to serve', async () => (await ask(`${web}/shop/cart`)).body, {
    timeout: 10_000,
  }).catch(() => undefined)
  tell.check(again === 'blue\n', 'it serves the last good snapshot from its disk')
}

process.exitCode = await main()
