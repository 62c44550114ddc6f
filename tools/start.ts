/**
 * `npm start`: a control plane and one proxy on this machine, to try things out. Data is kept in `./.vrata`.
 *
 *     npm start -- --port 8080 --admin-port 9901 --data .vrata
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createClient } from '@vrata/client'
import { root } from './workspace.ts'

interface Options {
  readonly port: number
  readonly adminPort: number
  /** Absolute folder for both programs' data and configuration files. */
  readonly data: string
}

/** A program of ours that runs, and the promise of its end. */
interface Running {
  readonly name: string
  readonly child: ChildProcess
  /** How it ended, as words. */
  readonly ended: Promise<string>
}

/** Words for the user instead of a stack trace. */
class StartError extends Error {}

function options(): Options {
  const { values } = parseArgs({
    options: { port: { type: 'string' }, 'admin-port': { type: 'string' }, data: { type: 'string' } },
  })
  return {
    port: portNumber('--port', values.port ?? '8080'),
    adminPort: portNumber('--admin-port', values['admin-port'] ?? '9901'),
    data: resolve(root, values.data ?? process.env['VRATA_DATA'] ?? '.vrata'),
  }
}

function portNumber(name: string, text: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new StartError(`${name} ${text}: not a port number`)
  return port
}

/** Fails with words when somebody listens on the port already; both programs would only say so in their logs. */
async function demandFree(port: number, option: string): Promise<void> {
  const server = createServer()
  try {
    await new Promise<void>((done, fail) => server.once('error', fail).listen(port, '127.0.0.1', done))
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const why = code === 'EADDRINUSE' ? 'is taken by another program' : `cannot be used (${code})`
    throw new StartError(`port ${port} ${why}: stop that program, or choose another port: npm start -- ${option} PORT`)
  } finally {
    server.close()
  }
}

/** Both configuration files, written anew at each start, so that they always say what runs. */
function writeConfigs({ port, adminPort, data }: Options): { controlPlane: string; proxy: string } {
  mkdirSync(data, { recursive: true })
  const controlPlane = join(data, 'control-plane.yaml')
  const proxy = join(data, 'proxy.yaml')
  writeFileSync(
    controlPlane,
    `# Written by npm start.
mode: controlplane
controlPlane:
  address: 127.0.0.1:${port}
  storePath: ${JSON.stringify(join(data, 'control-plane'))}
`,
  )
  writeFileSync(
    proxy,
    `# Written by npm start.
mode: proxy
proxy:
  id: local
  controlPlaneUrl: http://127.0.0.1:${port}
  storePath: ${JSON.stringify(join(data, 'proxy'))}
  admin:
    address: 127.0.0.1:${adminPort}
`,
  )
  return { controlPlane, proxy }
}

function run(app: 'control-plane' | 'proxy', config: string): Running {
  const child = spawn(process.execPath, [join(root, 'apps', app, 'main.mjs'), '--config', config], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    // a group of its own: Ctrl-C reaches this process alone, which stops the two in order; a program that got the
    // terminal's signal and ours would take the second one as "at once"
    detached: true,
  })
  const print = (line: string): void => console.log(`${app.padEnd(13)} | ${line}`)
  print(`process ${child.pid}, configuration ${config}`)
  createInterface({ input: child.stdout }).on('line', print)
  createInterface({ input: child.stderr }).on('line', print)
  const ended = new Promise<string>((done) => {
    child.on('error', (error) => done(error.message))
    child.on('close', (code, signal) => done(signal ?? `exit code ${code}`))
  })
  return { name: app, child, ended }
}

/** Waits until `look` says yes or the signal says that there is no point any more. */
async function until(look: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && !(await look())) await wait(50)
}

async function stop(running: readonly Running[]): Promise<void> {
  // the proxy first: it says goodbye to a control plane that still listens
  for (const { child, ended } of running.toReversed()) {
    child.kill('SIGTERM')
    await ended
  }
}

async function main(): Promise<void> {
  const chosen = options()
  await demandFree(chosen.port, '--port')
  await demandFree(chosen.adminPort, '--admin-port')
  const configs = writeConfigs(chosen)
  const url = `http://localhost:${chosen.port}`
  const client = createClient({ baseUrl: `http://127.0.0.1:${chosen.port}` })

  const over = new AbortController()
  const running: Running[] = []
  const begin = (app: 'control-plane' | 'proxy', config: string): void => {
    const one = run(app, config)
    running.push(one)
    void one.ended.then((how) => {
      if (over.signal.aborted) return
      console.log(`vrata: the ${one.name} ended with ${how}; stopping`)
      process.exitCode = 1
      over.abort()
    })
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (over.signal.aborted) for (const { child } of running) child.kill('SIGKILL')
      over.abort()
    })
  }

  begin('control-plane', configs.controlPlane)
  await until(() => client.ready(), over.signal)
  if (!over.signal.aborted) begin('proxy', configs.proxy)
  await until(async () => (await client.fleet().catch(() => undefined))?.proxies.length === 1, over.signal)
  if (!over.signal.aborted) {
    console.log(`vrata: ready. API ${url}/api/v1, its description ${url}/api/v1/docs/, one proxy connected.`)
    console.log('vrata: Ctrl-C stops both.')
    await new Promise<void>((done) => over.signal.addEventListener('abort', () => done()))
  }
  await stop(running)
}

/** Ours, or what `parseArgs` says of an option that it does not know. */
function isForTheUser(error: unknown): error is Error {
  if (error instanceof StartError) return true
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
}

try {
  await main()
} catch (error) {
  if (!isForTheUser(error)) throw error
  console.error(`vrata: ${error.message}`)
  process.exitCode = 1
}
