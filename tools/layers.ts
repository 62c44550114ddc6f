/**
 * Which package of ours may use which: the one table, and the check (part of `npm run lint`) that the manifests keep
 * to it. That sources import only what their manifest declares is Biome's part (`noUndeclaredDependencies`).
 */
import { join } from 'node:path'
import { type Manifest, type Package, packages, readManifest, root } from './workspace.ts'

interface Row {
  /** Packages that production code may depend on. */
  readonly uses: readonly string[]
  /** Packages that only its tests may depend on. */
  readonly tests?: readonly string[]
}

const forApps = ['balancers', 'cel', 'middlewares', 'model', 'notation', 'regex', 'routing', 'service', 'snapshot']

/** Every package by its name without `@vrata/`. A new package starts with a line here. Apps are used by nobody. */
export const layers: Readonly<Record<string, Row>> = {
  regex: { uses: [] },
  http1: { uses: [] },
  balancers: { uses: [] },
  notation: { uses: [] },
  service: { uses: ['notation'], tests: ['testkit'] },
  cel: { uses: ['notation', 'regex'] },
  model: { uses: ['cel', 'notation', 'regex'] },
  routing: { uses: ['model', 'cel', 'notation', 'regex'] },
  middlewares: { uses: ['model', 'cel', 'notation', 'regex'] },
  snapshot: { uses: ['model', 'cel', 'notation', 'routing', 'middlewares', 'service'], tests: ['testkit'] },
  client: { uses: ['model'] },
  testkit: { uses: ['client', 'model'] },
  'control-plane': { uses: forApps, tests: ['testkit'] },
  proxy: { uses: [...forApps, 'http1'], tests: ['testkit'] },
  e2e: { uses: ['client', 'model', 'testkit'] },
}

/** What the top package may depend on: the tools are its code. */
const top: Row = { uses: [], tests: ['client', 'http1', 'middlewares', 'model', 'testkit'] }

const scope = '@vrata/'
const exactVersion = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/

/** Sentences about everything in the manifests of the repository at `folder` that breaks a rule; empty = all is well. */
export function layerProblems(folder: string): string[] {
  const found: Package[] = packages(folder)
  const problems = found.flatMap((one) => packageProblems(one))
  const manifest = readManifest(join(folder, 'package.json'))
  return [...problems, ...manifestProblems('package.json', manifest, top)]
}

function packageProblems({ folder, manifest }: Package): string[] {
  const name = manifest.name.startsWith(scope) ? manifest.name.slice(scope.length) : ''
  if (folder.split('/').at(-1) !== name) {
    return [`${folder}: the package is called ${manifest.name}; it has to be ${scope} and the name of its folder`]
  }
  const row = layers[name]
  if (row === undefined) return [`${folder}: not in the table of tools/layers.ts`]
  return manifestProblems(folder, manifest, row)
}

function manifestProblems(where: string, manifest: Manifest, row: Row): string[] {
  const production = Object.entries(manifest.dependencies ?? {})
  const forTests = Object.entries(manifest.devDependencies ?? {})
  return [
    ...production.filter(([name]) => forbidden(name, row.uses)).map(([name]) => sentence(where, name, row.uses)),
    ...forTests
      .filter(([name]) => forbidden(name, [...row.uses, ...(row.tests ?? [])]))
      .map(([name]) => sentence(where, name, [...row.uses, ...(row.tests ?? [])])),
    ...[...production, ...forTests]
      .filter(([, version]) => !exactVersion.test(version))
      .map(([name, version]) => `${where}: ${name} ${version} is not an exact version`),
  ]
}

function forbidden(name: string, allowed: readonly string[]): boolean {
  return name.startsWith(scope) && !allowed.includes(name.slice(scope.length))
}

function sentence(where: string, name: string, allowed: readonly string[]): string {
  const list = allowed.length > 0 ? allowed.map((one) => scope + one).join(', ') : 'none of ours'
  return `${where}: may not depend on ${name}; allowed: ${list}`
}

if (import.meta.main) {
  const problems = layerProblems(process.argv[2] ?? root)
  for (const problem of problems) console.error(problem)
  if (problems.length > 0) process.exitCode = 1
}
