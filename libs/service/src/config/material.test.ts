import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readMaterial } from './material.ts'

test('a value that begins like PEM is itself the material', () => {
  assert.equal(readMaterial('  -----BEGIN X-----\n', 'proxy.tls.ca'), '  -----BEGIN X-----\n')
})

test('any other value names a file', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vrata-material-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'ca.pem'), 'content')
  assert.equal(readMaterial(join(folder, 'ca.pem'), 'proxy.tls.ca'), 'content')
})

test('a file that cannot be read is named together with its key', () => {
  assert.throws(
    () => readMaterial('/nonexistent/ca.pem', 'proxy.tls.ca'),
    /^Error: proxy\.tls\.ca: cannot read \/nonexistent\/ca\.pem \(ENOENT\)$/,
  )
})
