import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { reasons } from '@vrata/http1'
import { securityFile, securityPage } from './security-page.ts'

test('docs/security/http.md says what the codec refuses', () => {
  assert.equal(readFileSync(securityFile, 'utf8'), securityPage(), 'run "npm run docs"')
})

test('every reason that a peer can cause has a row', () => {
  const page = securityPage()
  for (const [reason, { scope }] of Object.entries(reasons)) {
    assert.equal(page.includes(`| \`${reason}\` |`), scope !== 'write', reason)
  }
})
