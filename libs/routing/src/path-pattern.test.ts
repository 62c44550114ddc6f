import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileRegex } from '@vrata/regex'
import { composePath, type PathFields, type PathPattern } from './path-pattern.ts'
import type { PathTest } from './simple-expression.ts'

function compile(source: string): PathTest {
  const regex = compileRegex(source)
  return (path) => regex.test(path)
}

function short(pattern: PathPattern): string {
  switch (pattern.kind) {
    case 'any':
      return 'any'
    case 'exact':
      return `E:${pattern.path}`
    case 'prefix':
      return `${pattern.mode === 'segment' ? 'P' : 'S'}:${pattern.prefix}`
    case 'regex':
      return `R:${pattern.source}`
  }
}

const compositions: readonly [PathFields | undefined, PathFields, string][] = [
  [undefined, { path: '/a' }, 'E:/a'],
  [undefined, { path: '/a/' }, 'E:/a/'],
  [undefined, { path: '*' }, 'E:*'],
  [undefined, { path: '/caf\u00e9/%7e/../x' }, 'E:/caf%C3%A9/x'],
  [undefined, { path: '/a%2fb' }, 'E:/a%2Fb'],
  [undefined, { pathPrefix: '/a' }, 'P:/a'],
  [undefined, { pathPrefix: '/a//' }, 'P:/a'],
  [undefined, { pathPrefix: '/' }, 'P:'],
  [undefined, { pathPrefix: '/img-', prefixMode: 'string' }, 'S:/img-'],
  [undefined, { pathPrefix: '/a/', prefixMode: 'string' }, 'S:/a/'],
  [undefined, { pathRegex: '/u/[0-9]+' }, 'R:^(?:/u/[0-9]+)'],
  [undefined, { pathRegex: '^/en|/es' }, 'R:^(?:/en|/es)'],
  [undefined, { pathRegex: '(?i)^/en' }, 'R:^(?:(?i)/en)'],
  [undefined, {}, 'any'],
  [{}, {}, 'any'],
  [{}, { path: '/a' }, 'E:/a'],
  [{ pathPrefix: '/g' }, { path: '/a' }, 'E:/g/a'],
  [{ pathPrefix: '/g/' }, { path: '/a' }, 'E:/g/a'],
  [{ pathPrefix: '/g' }, { path: 'a' }, 'E:/g/a'],
  [{ pathPrefix: '/g' }, { path: '/' }, 'E:/g/'],
  [{ pathPrefix: '/' }, { path: '/a' }, 'E:/a'],
  [{ pathPrefix: '/g' }, { pathPrefix: '/a/' }, 'P:/g/a'],
  [{ pathPrefix: '/g/' }, { pathPrefix: '/' }, 'P:/g'],
  [{ pathPrefix: '/' }, { pathPrefix: '/' }, 'P:'],
  [{ pathPrefix: '/g' }, { pathPrefix: '/img-', prefixMode: 'string' }, 'S:/g/img-'],
  [{ pathPrefix: '/v1.0' }, { pathRegex: '/a' }, 'R:^/v1\\.0(?:/a)'],
  [{ pathPrefix: '/g/' }, { pathRegex: '^/a|/b' }, 'R:^/g(?:/a|/b)'],
  [{ pathPrefix: '/g/' }, { pathRegex: '[0-9]+' }, 'R:^/g/(?:[0-9]+)'],
  [{ pathPrefix: '/g/' }, {}, 'P:/g'],
  [{ pathPrefix: '/g/' }, { prefixMode: 'string' }, 'S:/g/'],
  [{ pathRegex: '/(en|es)' }, { pathRegex: '^/[0-9]+' }, 'R:^(?:/(en|es))(?:/[0-9]+)'],
  [{ pathRegex: '^/(en|es)' }, { path: '/a.b' }, 'R:^(?:/(en|es))(?:/a\\.b)$'],
  [{ pathRegex: '/(en|es)' }, { pathPrefix: '/app/' }, 'R:^(?:/(en|es))(?:/app)(?:/|$)'],
  [{ pathRegex: '/(en|es)' }, { pathPrefix: '/' }, 'R:^(?:/(en|es))(?:/|$)'],
  [{ pathRegex: '/(en|es)/' }, { pathPrefix: 'app' }, 'R:^(?:/(en|es)/)(?:app)(?:/|$)'],
  [{ pathRegex: '/(en|es)' }, { pathPrefix: '/app', prefixMode: 'string' }, 'R:^(?:/(en|es))(?:/app)'],
  [{ pathRegex: '/en|/es' }, {}, 'R:^(?:/en|/es)'],
]

for (const [group, route, expected] of compositions) {
  test(`${JSON.stringify(group ?? 'no group')} with ${JSON.stringify(route)} composes to ${expected}`, () => {
    const outcome = composePath(group, route, compile)
    assert.ok(outcome.ok)
    assert.equal(short(outcome.pattern), expected)
  })
}

const literals: readonly [PathFields | undefined, string, string][] = [
  [undefined, '/users/[0-9]+', '/users/'],
  [undefined, '/en|/es', '/e'],
  [undefined, '(?i)/users', ''],
  [{ pathPrefix: '/v1.0' }, '/a[bc]', '/v1.0/a'],
  [{ pathRegex: '/v[12]' }, '/a', '/v'],
]

for (const [group, pathRegex, literal] of literals) {
  test(`every path of ${pathRegex} with ${JSON.stringify(group ?? 'no group')} begins with "${literal}"`, () => {
    const outcome = composePath(group, { pathRegex }, compile)
    assert.ok(outcome.ok && outcome.pattern.kind === 'regex')
    assert.equal(outcome.pattern.literal, literal)
  })
}

const faults: readonly [string, PathFields | undefined, PathFields, object][] = [
  [
    'two paths',
    undefined,
    { path: '/a', pathRegex: '/b' },
    { ofGroup: false, field: 'pathRegex', code: 'exclusive.fields' },
  ],
  [
    'a group with two paths',
    { pathPrefix: '/a', pathRegex: '/b' },
    {},
    { ofGroup: true, field: 'pathRegex', code: 'exclusive.fields' },
  ],
  [
    'a relative path on its own',
    undefined,
    { path: 'a' },
    { ofGroup: false, field: 'path', code: 'path.invalid', suggestion: '/a' },
  ],
  [
    'a relative prefix on its own',
    undefined,
    { pathPrefix: 'a' },
    { ofGroup: false, field: 'pathPrefix', code: 'path.invalid', suggestion: '/a' },
  ],
  ['a path that climbs', undefined, { path: '/../a' }, { ofGroup: false, field: 'path', code: 'path.invalid' }],
  [
    'a path that climbs out of its group',
    { pathPrefix: '/g' },
    { path: '/../a' },
    { ofGroup: false, field: 'path', code: 'path.invalid' },
  ],
  [
    'a path that climbs behind an expression',
    { pathRegex: '/g' },
    { path: '/../a' },
    { ofGroup: false, field: 'path', code: 'path.invalid' },
  ],
  [
    'a prefix of a group that is relative',
    { pathPrefix: 'g' },
    {},
    { ofGroup: true, field: 'pathPrefix', code: 'path.invalid' },
  ],
  ['a broken escape', undefined, { pathPrefix: '/%zz' }, { ofGroup: false, field: 'pathPrefix', code: 'path.invalid' }],
  [
    'a group name used twice',
    { pathRegex: '/(?P<id>a)' },
    { pathRegex: '/(?P<id>b)' },
    { ofGroup: false, field: 'pathRegex', code: 'regex.invalid' },
  ],
]

for (const [name, group, route, expected] of faults) {
  test(`${name} cannot be composed`, () => {
    const outcome = composePath(group, route, compile)
    assert.ok(!outcome.ok)
    const { message, ...fault } = outcome.fault
    assert.deepEqual(fault, expected)
    assert.ok(message.length > 10)
  })
}
