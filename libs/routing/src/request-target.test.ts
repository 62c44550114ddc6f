import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type RequestTarget, requestTarget } from './request-target.ts'

const rows: readonly [method: string, target: string, taken: RequestTarget | undefined][] = [
  ['GET', '/', { authority: undefined, path: '/', query: '' }],
  ['GET', '/a?b=c?d', { authority: undefined, path: '/a', query: 'b=c?d' }],
  ['GET', '//a', { authority: undefined, path: '//a', query: '' }],
  ['GET', 'http://a.x:80/b?c', { authority: 'a.x:80', path: '/b', query: 'c' }],
  ['GET', 'HTTPS://a.x', { authority: 'a.x', path: '', query: '' }],
  ['GET', 'http://a.x?b', { authority: 'a.x', path: '', query: 'b' }],
  ['OPTIONS', '*', { authority: undefined, path: '*', query: '' }],
  ['GET', '*', undefined],
  ['GET', '', undefined],
  ['GET', 'a', undefined],
  ['GET', 'ftp://a.x/', undefined],
  ['GET', 'http://user@a.x/', undefined],
  ['GET', '/a?b#c', undefined],
  ['CONNECT', 'a.x:443', undefined],
]
for (const [method, target, taken] of rows) {
  test(`${method} ${target || 'without a target'} ${taken ? 'is taken apart' : 'is refused'}`, () => {
    assert.deepEqual(requestTarget(method, target), taken)
  })
}
