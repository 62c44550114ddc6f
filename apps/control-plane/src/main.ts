import { once } from 'node:events'
import { join } from 'node:path'
import { ControlPlaneConfig, prepare, runProgram, stopSignal } from '@vrata/service'
import manifest from '../package.json' with { type: 'json' }
import { openControlPlane } from './control-plane.ts'
import { openSqliteStore } from './store/sqlite/sqlite-store.ts'

const program = {
  name: 'vrata-control-plane',
  description: 'Keeps the configuration, makes versions of it, and streams the active one to the proxies.',
  version: manifest.version,
}

await runProgram(async () => {
  const prepared = prepare(program, ControlPlaneConfig, process.argv.slice(2))
  if (!prepared) return
  const { config, logger: log, sensitiveVariables } = prepared
  const { controlPlane } = config
  const stop = stopSignal()
  log.warn('no API keys are configured: whoever reaches the address may do everything')
  const { env, file } = controlPlane.secrets
  if (env.allow.length === 0 || file.allow.length === 0) {
    log.warn('secret references may read any variable or file: set controlPlane.secrets.env.allow and .file.allow')
  }
  await using store = openSqliteStore(join(controlPlane.storePath, 'vrata.db'))
  const build = { version: manifest.version, commit: process.env['VRATA_COMMIT'] || 'unknown' }
  await using running = await openControlPlane({
    config: controlPlane,
    store,
    log,
    build,
    sensitiveVariables,
    env: process.env,
  })
  const { address, probesAddress } = running
  log.info({ address, ...(probesAddress === undefined ? {} : { probesAddress }) }, 'listening')
  if (!stop.aborted) await once(stop, 'abort')
  log.info('stopping')
})
