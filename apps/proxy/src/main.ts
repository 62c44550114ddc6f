import { realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ProxyConfig, prepare, runProgram, stopSignal } from '@vrata/service'
import manifest from '../package.json' with { type: 'json' }
import { runProxy } from './proxy.ts'

const program = {
  name: 'vrata-proxy',
  description: 'Serves traffic by the snapshot that the control plane streams.',
  version: manifest.version,
}

await runProgram(async () => {
  const prepared = prepare(program, ProxyConfig, process.argv.slice(2))
  if (!prepared) return
  // Beside the launcher that was called, both in the sources and in the bundle.
  const workerEntry = join(dirname(realpathSync(process.argv[1] ?? '')), 'worker.mjs')
  await runProxy(prepared.config, prepared.logger, program.version, stopSignal(), workerEntry)
})
