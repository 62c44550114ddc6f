import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { layerProblems, layers } from './layers.ts'
import { temporaryTree } from './temporary.ts'
import { packages, root } from './workspace.ts'

function manifest(name: string, fields: object = {}): string {
  return JSON.stringify({ name, version: '0.1.0', private: true, type: 'module', ...fields })
}

/** A small workspace with the real linter configuration: model and regex, and whatever a case puts over it. */
function workspace(t: TestContext, files: Readonly<Record<string, string>>): string {
  return temporaryTree(t, {
    'package.json': manifest('vrata', { workspaces: ['apps/*', 'libs/*', 'e2e'] }),
    'biome.json': readFileSync(join(root, 'biome.json'), 'utf8').replace('"enabled": true', '"enabled": false'),
    'libs/regex/package.json': manifest('@vrata/regex', { exports: { '.': './src/index.ts' } }),
    'libs/regex/src/index.ts': 'export interface Pattern {\n  readonly source: string\n}\n\nexport const limit = 1\n',
    'libs/model/package.json': manifest('@vrata/model', { dependencies: { '@vrata/regex': '0.1.0' } }),
    'libs/model/src/index.ts': "export { limit } from '@vrata/regex'\n",
    ...files,
  })
}

function biome(folder: string): { ok: boolean; output: string } {
  const { status, stdout, stderr } = spawnSync(join(root, 'node_modules/.bin/biome'), ['lint', '.'], {
    cwd: folder,
    encoding: 'utf8',
  })
  return { ok: status === 0, output: stdout + stderr }
}

test('the packages of this repository keep to the table', () => {
  assert.deepEqual(layerProblems(root), [])
})

test('every package has a line in the table, and the table names no package that does not exist', () => {
  const names = packages(root).map(({ manifest: { name } }) => name.replace('@vrata/', ''))
  assert.deepEqual(Object.keys(layers).sort(), names.sort())
})

test('the table allows no cycle', () => {
  const visit = (name: string, path: readonly string[]): void => {
    assert.ok(!path.includes(name), `cycle: ${[...path, name].join(' → ')}`)
    for (const next of layers[name]?.uses ?? []) visit(next, [...path, name])
  }
  for (const name of Object.keys(layers)) visit(name, [])
})

test('what the table and the linter allow is silent', (t) => {
  const folder = workspace(t, {})
  assert.deepEqual(layerProblems(folder), [])
  assert.deepEqual(biome(folder).ok, true, biome(folder).output)
})

const badManifests: readonly { what: string; file: string; text: string; says: RegExp }[] = [
  {
    what: 'a dependency against the direction of the layers',
    file: 'libs/regex/package.json',
    text: manifest('@vrata/regex', { dependencies: { '@vrata/model': '0.1.0' } }),
    says: /^libs\/regex: may not depend on @vrata\/model; allowed: none of ours$/,
  },
  {
    what: 'an app as a dependency',
    file: 'apps/proxy/package.json',
    text: manifest('@vrata/proxy', { dependencies: { '@vrata/control-plane': '0.1.0' } }),
    says: /^apps\/proxy: may not depend on @vrata\/control-plane/,
  },
  {
    what: 'the test kit in production code',
    file: 'apps/proxy/package.json',
    text: manifest('@vrata/proxy', { dependencies: { '@vrata/testkit': '0.1.0' } }),
    says: /^apps\/proxy: may not depend on @vrata\/testkit/,
  },
  {
    what: 'a forbidden package even for tests alone',
    file: 'libs/regex/package.json',
    text: manifest('@vrata/regex', { devDependencies: { '@vrata/model': '0.1.0' } }),
    says: /^libs\/regex: may not depend on @vrata\/model/,
  },
  {
    what: 'a package without a line in the table',
    file: 'libs/extra/package.json',
    text: manifest('@vrata/extra'),
    says: /^libs\/extra: not in the table/,
  },
  {
    what: 'a package whose name is not its folder',
    file: 'libs/extra/package.json',
    text: manifest('@vrata/model'),
    says: /^libs\/extra: the package is called @vrata\/model/,
  },
  {
    what: 'a version range',
    file: 'libs/regex/package.json',
    text: manifest('@vrata/regex', { dependencies: { re2js: '^2.10.0' } }),
    says: /^libs\/regex: re2js \^2\.10\.0 is not an exact version$/,
  },
]

for (const { what, file, text, says } of badManifests) {
  test(`the layers check refuses ${what}`, (t) => {
    const problems = layerProblems(workspace(t, { [file]: text }))
    assert.equal(problems.length, 1, problems.join('\n'))
    assert.match(problems[0] ?? '', says)
  })
}

test('the layers check as a command fails and names the rule that is broken', (t) => {
  const folder = workspace(t, {
    'libs/regex/package.json': manifest('@vrata/regex', { dependencies: { '@vrata/model': '0.1.0' } }),
  })
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'tools/layers.ts'), folder], { encoding: 'utf8' })
  assert.equal(status, 1)
  assert.match(stderr, /libs\/regex: may not depend on @vrata\/model/)
})

const badImports: readonly { what: string; text: string; rule: string }[] = [
  {
    what: 'an undeclared package',
    text: "import { layers } from '@vrata/model'\n\nexport const two = layers\n",
    rule: 'noUndeclaredDependencies',
  },
  {
    what: 'only a type of an undeclared package',
    text: "import type { Route } from '@vrata/model'\n\nexport type Two = Route\n",
    rule: 'noUndeclaredDependencies',
  },
  {
    what: 'an app',
    text: "import type { Gateway } from '@vrata/proxy'\n\nexport type Two = Gateway\n",
    rule: 'noRestrictedImports',
  },
  {
    what: 'the inside of another package by its name',
    text: "import type { Pattern } from '@vrata/regex/src/index.ts'\n\nexport type Two = Pattern\n",
    rule: 'noRestrictedImports',
  },
  {
    what: 'the inside of another package by a path',
    text: "import type { Pattern } from '../../regex/src/index.ts'\n\nexport type Two = Pattern\n",
    rule: 'noRestrictedImports',
  },
]

for (const { what, text, rule } of badImports) {
  test(`the linter refuses to import ${what}`, (t) => {
    const { ok, output } = biome(workspace(t, { 'libs/regex/src/two.ts': text }))
    assert.equal(ok, false)
    assert.match(output, new RegExp(`lint/[a-z]+/${rule}`))
  })
}

test('the linter lets a package that only tests may use into test files alone', (t) => {
  const files = {
    'apps/proxy/package.json': manifest('@vrata/proxy', { devDependencies: { '@vrata/testkit': '0.1.0' } }),
    'apps/proxy/src/a.test.ts': "import { two } from '@vrata/testkit'\n\nexport const three = two\n",
  }
  assert.equal(biome(workspace(t, files)).ok, true)
  const { ok, output } = biome(workspace(t, { ...files, 'apps/proxy/src/a.ts': files['apps/proxy/src/a.test.ts'] }))
  assert.equal(ok, false)
  assert.match(output, /apps\/proxy\/src\/a\.ts[\s\S]*noUndeclaredDependencies/)
})
