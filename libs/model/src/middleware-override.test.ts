import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkEntity } from './check-entity.ts'
import { MiddlewareOverride } from './middleware-override.ts'
import { accepts, refuses } from './testing/check-rows.ts'

const open = '$'.concat('{')

describe('MiddlewareOverride', () => {
  test('an empty one changes nothing', () => {
    assert.deepEqual(checkEntity(MiddlewareOverride, {}, { kind: 'route' }).value, { disabled: false })
  })

  test('phases of an external processor are complete, what it does on errors may stay open', () => {
    const { value } = checkEntity(
      MiddlewareOverride,
      { extProc: { phases: { requestBody: 'buffered' } } },
      { kind: 'route' },
    )
    assert.deepEqual(value?.extProc, {
      phases: { requestHeaders: 'send', responseHeaders: 'send', requestBody: 'buffered', responseBody: 'none' },
    })
  })

  accepts(MiddlewareOverride, {}, [
    ['/skipWhen', []],
    ['/onlyWhen', ['request.headers["x"] == "1"']],
    ['/extProc', {}],
    ['/headers', { responseHeadersToAdd: [{ key: 'x-s', value: `${open}response.status}`, append: true }] }],
  ])

  refuses(MiddlewareOverride, {}, [
    ['/skipWhen', 'true', 'type.invalid'],
    ['/skipWhen', [''], 'cel.invalid', { at: '/skipWhen/0' }],
    ['/onlyWhen', ['request.path'], 'cel.invalid', { at: '/onlyWhen/0' }],
    ['/extProc/destinationId', 'd', 'field.unknown'],
    ['/extProc/phases/maxBodyBytes', 0, 'range.invalid'],
    ['/headers/requestHeadersToAdd', [{ key: 'x' }], 'field.missing', { at: '/headers/requestHeadersToAdd/0/value' }],
    [
      '/headers/requestHeadersToAdd',
      [{ key: 'Host', value: 'x' }],
      'header.forbidden',
      { at: '/headers/requestHeadersToAdd/0/key' },
    ],
    [
      '/headers/requestHeadersToAdd',
      [{ key: 'x', value: 'a\nb' }],
      'header.invalid',
      { at: '/headers/requestHeadersToAdd/0/value' },
    ],
    [
      '/headers/requestHeadersToAdd',
      [{ key: 'x', value: `${open}response.status}` }],
      'template.invalid',
      { at: '/headers/requestHeadersToAdd/0/value' },
    ],
    [
      '/headers/responseHeadersToAdd',
      [{ key: 'x', value: `${open}request.pth}` }],
      'template.invalid',
      { at: '/headers/responseHeadersToAdd/0/value', suggestion: `${open}request.path}` },
    ],
    ['/headers/responseHeadersToRemove', ['*'], 'header.invalid', { at: '/headers/responseHeadersToRemove/0' }],
  ])
})
