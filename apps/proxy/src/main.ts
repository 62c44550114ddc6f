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
  await runProxy(prepared.config, prepared.logger, program.version, stopSignal())
})
