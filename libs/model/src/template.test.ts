import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseTemplate, requestVariables, responseVariables, type TemplatePart } from './template.ts'

const open = '$'.concat('{')
const text = (value: string): TemplatePart => ({ kind: 'text', text: value })
const variable = (name: string): TemplatePart => ({ kind: 'variable', name })

describe('parseTemplate', () => {
  const good: readonly (readonly [string, readonly TemplatePart[]])[] = [
    ['', []],
    ['plain', [text('plain')]],
    ['$ $5 {x} }', [text('$ $5 {x} }')]],
    [`${open}request.path}`, [variable('request.path')]],
    [`a${open}request.host}b${open}route.id}`, [text('a'), variable('request.host'), text('b'), variable('route.id')]],
    [`${open}request.host}${open}request.query}`, [variable('request.host'), variable('request.query')]],
    [`$${open}request.host}`, [text(`${open}request.host}`)]],
    [`${open}route.id}$${open}x} $${open}`, [variable('route.id'), text(`${open}x} ${open}`)]],
    [`${open}request.header.X-User}`, [{ kind: 'header', of: 'request.header', name: 'x-user' }]],
    [`${open}jwt.claims.realm.name}`, [{ kind: 'path', of: 'jwt.claims', path: 'realm.name' }]],
    [`${open}request.clientCert.subject}`, [variable('request.clientCert.subject')]],
  ]
  for (const [source, parts] of good)
    test(`${source} has ${parts.length} parts`, () => {
      assert.deepEqual(parseTemplate(source, requestVariables), { ok: true, parts })
    })

  const bad: readonly (readonly [string, string | undefined])[] = [
    [`${open}`, undefined],
    [`${open}request.path`, undefined],
    [`${open}}`, undefined],
    [`${open}request.pth}`, `${open}request.path}`],
    [`${open}Request.Path}`, `${open}request.path}`],
    [`${open} request.path }`, `${open}request.path}`],
    [`${open}request.heder.x-a}`, `${open}request.header.x-a}`],
    [`${open}request.header.}`, undefined],
    [`${open}request.header.a b}`, undefined],
    [`${open}jwt.claim.sub}`, `${open}jwt.claims.sub}`],
    [`${open}response.status}`, undefined],
    [`ok ${open}request.path} ${open}nothing}`, undefined],
  ]
  for (const [source, suggestion] of bad)
    test(`${source} is refused`, () => {
      const parsed = parseTemplate(source, requestVariables)
      assert.equal(parsed.ok, false)
      if (suggestion !== undefined) assert.equal(!parsed.ok && parsed.suggestion, suggestion)
    })

  test('values for responses know the response too', () => {
    const parsed = parseTemplate(`${open}response.status} ${open}response.header.ETag}`, responseVariables)
    assert.equal(parsed.ok, true)
  })

  test('text without an opening is one literal, and a suggestion always parses', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, name) => {
        const parsed = parseTemplate(`${before}${open}${name}}`, responseVariables)
        if (!parsed.ok && parsed.suggestion !== undefined)
          assert.equal(parseTemplate(parsed.suggestion, responseVariables).ok, true)
        if (before.includes(open) || before === '') return
        assert.deepEqual(parseTemplate(before, requestVariables), { ok: true, parts: [text(before)] })
      }),
    )
  })
})
