/**
 * `build` of an app, run in its folder: one bundle in `dist/` that needs nothing beside it but Node and the native
 * packages listed here. What was built is executed once (`--version`), so a bundle that cannot even load fails here.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { readManifest } from './workspace.ts'

/** Packages with compiled code or files of their own, which cannot be inlined. */
const external = ['better-sqlite3']

/** CommonJS dependencies inside the bundle call `require`, which a module has to make itself. */
const banner = "import { createRequire as __cr } from 'node:module'; const require = __cr(import.meta.url);"

/** Launchers: each becomes a file of the same name. Which of them an app has shows in its folder. */
const launchers = ['main.mjs', 'worker.mjs']

/** Bundles the app in `folder` into `folder/dist` and runs the result; throws when either fails. */
export async function bundle(folder: string): Promise<void> {
  const { version } = readManifest(join(folder, 'package.json'))
  const outdir = join(folder, 'dist')
  rmSync(outdir, { recursive: true, force: true })
  await build({
    absWorkingDir: folder,
    entryPoints: launchers.filter((file) => existsSync(join(folder, file))),
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    // keeps the launchers chunks of their own: the first must load on a Node that cannot read the rest
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    sourcemap: true,
    external,
    banner: { js: banner },
    logLevel: 'warning',
  })
  const said = execFileSync(process.execPath, [join(outdir, 'main.mjs'), '--version'], {
    encoding: 'utf8',
    timeout: 20_000,
  })
  if (version === undefined || !said.includes(version)) {
    throw new Error(`dist/main.mjs --version says ${JSON.stringify(said)}, expected ${version}`)
  }
}

if (import.meta.main) await bundle(process.cwd())
