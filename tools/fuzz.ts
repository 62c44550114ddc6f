/**
 * `npm run fuzz -- NAME [--seconds N] [...]`: runs the fuzzer of one package, `<package>/fuzz/run.ts`, with the options
 * behind its name; its exit code is ours. Without a name it lists what can be fuzzed.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { packages, root } from './workspace.ts'

/** Fuzzers by the folder name of their package. */
const fuzzers = new Map(
  packages(root)
    .map(({ folder }) => [basename(folder), join(root, folder, 'fuzz/run.ts')] as const)
    .filter(([, file]) => existsSync(file)),
)

const [name = '', ...options] = process.argv.slice(2)
const file = fuzzers.get(name)
if (file === undefined) {
  console.error(`usage: npm run fuzz -- NAME [--seconds N]; NAME is one of: ${[...fuzzers.keys()].join(', ')}`)
  process.exitCode = 1
} else {
  const { status } = spawnSync(process.execPath, [file, ...options], { stdio: 'inherit' })
  process.exitCode = status ?? 1
}
