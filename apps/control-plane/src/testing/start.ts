import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { ControlPlaneConfig, createLogger } from '@vrata/service'
import { type ControlPlane, type ControlPlaneOptions, openControlPlane } from '../control-plane.ts'
import type { JsonObject } from '../entities/kinds.ts'
import { openSqliteStore, type SqliteOptions } from '../store/sqlite/sqlite-store.ts'
import { temporaryDirectory } from '../store/sqlite/test-engine.ts'
import type { Store } from '../store/store.ts'
import { assertDeclared } from './declared.ts'
import { send, type TestAnswer } from './send.ts'

/** For tests: what a test may ask for. */
export interface TestOptions {
  /** The section `controlPlane` of the file. */
  readonly config?: JsonObject
  readonly store?: SqliteOptions
  readonly env?: Readonly<Record<string, string>>
  readonly sensitiveVariables?: readonly string[]
  readonly timing?: ControlPlaneOptions['timing']
  readonly clock?: ControlPlaneOptions['clock']
  /** Keeps the data of an earlier control plane. */
  readonly directory?: string
}

/** For tests: the real application on a real socket over a real file. */
export interface TestControlPlane {
  readonly url: string
  readonly store: Store
  readonly directory: string
  /** Lines of the log, newest last. */
  readonly log: readonly JsonObject[]
  readonly running: ControlPlane
  /** One request. Fails the test when the API document does not know the answer. */
  readonly send: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<TestAnswer>
  /** Closes it before the test ends. */
  readonly close: () => Promise<void>
}

/** For tests: starts one; it is closed after the test. */
export async function startControlPlane(t: TestContext, options: TestOptions = {}): Promise<TestControlPlane> {
  const directory = options.directory ?? (await temporaryDirectory(t))
  const store = openSqliteStore(join(directory, 'vrata.db'), options.store)
  const section = { address: '127.0.0.1:0', storePath: directory, ...options.config }
  const { controlPlane: config } = ControlPlaneConfig.parse({ controlPlane: section })
  const log: JsonObject[] = []
  const logger = createLogger({ format: 'json', level: 'debug' }, { write: (line) => log.push(JSON.parse(line)) })
  const { timing, clock } = options
  const running = await openControlPlane({
    config,
    store,
    log: logger,
    build: { version: '1.2.3', commit: 'abc' },
    sensitiveVariables: new Set(options.sensitiveVariables),
    env: options.env ?? {},
    ...(timing ? { timing } : {}),
    ...(clock ? { clock } : {}),
  })
  const close = async () => {
    await running[Symbol.asyncDispose]()
    await store.close()
  }
  t.after(close)
  const url = `http://${running.address}`
  const checked: TestControlPlane['send'] = async (method, path, body, headers) => {
    const answer = await send(url, method, path, body, headers)
    await assertDeclared(url, method, path, answer)
    return answer
  }
  return { url, store, directory, log, running, close, send: checked }
}
