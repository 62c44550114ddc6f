import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Client, createClient } from '@vrata/client'
import { eventually } from './eventually.ts'
import { freePort } from './free-port.ts'
import { type LogLine, Program } from './program.ts'
import type { Scope } from './scope.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** Top folder of the repository. */
export const repositoryRoot = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))

/** Our programs, by the name of their package. */
export type App = 'control-plane' | 'proxy'

/**
 * How one of our programs is started, without its arguments: from its sources, or from the bundle, which starts three
 * times as fast and has to be built before.
 */
export function commandOf(app: App, bundled = process.env['VRATA_BUNDLED'] === '1'): string[] {
  return [process.execPath, join(repositoryRoot, 'apps', app, bundled ? 'dist/main.mjs' : 'main.mjs')]
}

/** A piece of a configuration file. */
export interface ConfigObject {
  readonly [key: string]: unknown
}

/** How to start one of our programs. */
export interface StartOptions {
  readonly name?: string
  /** Merged over what the launcher writes into the configuration file. */
  readonly config?: ConfigObject
  /** Keeps what the program stores; a temporary folder by default. */
  readonly folder?: string
  /** The built bundle instead of the sources; default: whether the environment says `VRATA_BUNDLED=1`. */
  readonly bundled?: boolean
  readonly env?: Readonly<Record<string, string>>
  /** A command that runs ours in its own place, same process id: `taskset -c 1` for one core. */
  readonly under?: readonly string[]
}

/** A control plane that answers. */
export interface ControlPlaneProgram {
  readonly program: Program
  /** `http://127.0.0.1:PORT`; stays the same when it is restarted. */
  readonly url: string
  readonly port: number
  readonly client: Client
  /** Starts it again after `kill` or `stop`, on the same port and store. */
  restart(): Promise<void>
}

/** What a proxy is started with. */
export interface ProxyOptions extends StartOptions {
  /** Address or addresses of control planes. */
  readonly controlPlane: string | readonly string[]
}

/** A proxy process. That it runs says nothing about listeners: those come with a snapshot. */
export interface ProxyProgram {
  readonly program: Program
  readonly id: string
  /** `http://127.0.0.1:PORT` of its own endpoints. */
  readonly adminUrl: string
  /** Resolves when the last snapshot that it logged as applied in its present life is this one. */
  applied(snapshotId: string): Promise<void>
  /** Resolves when `/readyz` of its own endpoints says 200. */
  ready(): Promise<void>
  restart(): Promise<void>
}

/** A control plane with a store of its own, listening on a free port of the loopback interface. */
export async function startControlPlane(scope: Scope, options: StartOptions = {}): Promise<ControlPlaneProgram> {
  const folder = options.folder ?? (await temporaryFolder(scope))
  const port = await freePort()
  const program = await prepared(scope, 'control-plane', folder, options, {
    mode: 'controlplane',
    controlPlane: { address: `127.0.0.1:${port}`, storePath: join(folder, 'store') },
    log: { format: 'json', level: 'info' },
  })
  const url = `http://127.0.0.1:${port}`
  const restart = async (): Promise<void> => {
    program.start()
    await program.waitForLog('its address', (line) => line.msg === 'listening')
  }
  await restart()
  return { program, url, port, client: createClient({ baseUrl: url }), restart }
}

/** A proxy with a store of its own, connected to a control plane that need not run yet. */
export async function startProxy(scope: Scope, options: ProxyOptions): Promise<ProxyProgram> {
  const folder = options.folder ?? (await temporaryFolder(scope))
  const id = options.name ?? 'proxy'
  const adminUrl = `http://127.0.0.1:${await freePort()}`
  const program = await prepared(scope, 'proxy', folder, options, {
    mode: 'proxy',
    proxy: {
      id,
      controlPlaneUrl: options.controlPlane,
      storePath: join(folder, 'store'),
      // quick, so that tests of reconnecting need not wait
      reconnectInterval: '50ms',
      reconnectMax: '500ms',
      admin: { address: new URL(adminUrl).host },
    },
    log: { format: 'json', level: 'info' },
  })
  const restart = async (): Promise<void> => {
    program.start()
    await program.waitForLog('its own address', (line) => line.msg === 'listening')
  }
  await restart()
  return {
    program,
    id,
    adminUrl,
    restart,
    async applied(snapshotId) {
      const last = program.lifeLogs.findLast(isApplied)
      if (last?.['snapshotId'] === snapshotId) return
      await program.nextLog(`snapshot ${snapshotId}`, (line) => isApplied(line) && line['snapshotId'] === snapshotId)
    },
    async ready() {
      await eventually(`${id} to be ready`, async () => (await fetch(`${adminUrl}/readyz`)).status === 200)
    },
  }
}

function isApplied(line: LogLine): boolean {
  return line.msg === 'snapshot applied'
}

/** Writes the configuration file and makes the program, which is not started yet. */
async function prepared(
  scope: Scope,
  app: App,
  folder: string,
  { name = app, config = {}, bundled, env = {}, under = [] }: StartOptions,
  base: ConfigObject,
): Promise<Program> {
  await mkdir(folder, { recursive: true })
  const file = join(folder, `${app}.yaml`)
  await writeFile(file, JSON.stringify(merged(base, config), undefined, 2)) // JSON is YAML
  const command = [...under, ...commandOf(app, bundled), '--config', file]
  return new Program(scope, { name, command, cwd: folder, env })
}

function merged(base: ConfigObject, over: ConfigObject): ConfigObject {
  const result: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(over)) {
    const below = result[key]
    result[key] = isObject(below) && isObject(value) ? merged(below, value) : value
  }
  return result
}

function isObject(value: unknown): value is ConfigObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
