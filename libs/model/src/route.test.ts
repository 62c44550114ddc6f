import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkEntity } from './check-entity.ts'
import { Route } from './route.ts'
import { accepts, refuses } from './testing/check-rows.ts'

const oneAction = 'a route must define exactly one of destinations, redirect, or directResponse'
const weights = 'destination weights must sum to 100 when multiple destinations are defined'

const respond = { id: 'r-1', name: 'x', directResponse: { status: 204 } }
const redirect = { id: 'r-1', redirect: { scheme: 'https' } }
const forward = {
  id: 'r-1',
  name: 'shop',
  labels: {},
  description: '',
  listenerIds: ['l-1'],
  priority: -5,
  match: {
    pathPrefix: '/shop',
    prefixMode: 'string',
    methods: ['get', 'POST'],
    hostnames: ['Shop.example', '*.shop.example'],
    headers: [{ name: 'X-User' }, { name: 'x-v', value: '^v[0-9]+$', regex: true }, { name: 'x-e', value: '' }],
    queryParams: [{ name: 'debug' }],
    grpc: true,
    cel: 'request.method == "GET"',
  },
  forward: {
    destinations: [
      { destinationId: 'a', weight: 60 },
      { destinationId: 'b', weight: 40 },
    ],
    destinationBalancing: {
      algorithm: 'STICKY',
      weightedConsistentHash: { cookie: { name: 'h', ttl: '1h' } },
      sticky: { cookie: { name: 's', ttl: '1h' }, onUnhealthy: 'repin' },
    },
    timeouts: { request: '3s', idle: '1m', queue: '1s', includeBody: true },
    retry: {
      attempts: 2,
      perAttemptTimeout: '1s',
      on: ['gateway-error', 'retriable-codes'],
      retriableCodes: [429],
      grpcCodes: [14],
      methods: ['get'],
      maxBodyBytes: 0,
      backoff: { base: '10ms', max: '1s' },
    },
    rewrite: { pathRegex: { pattern: '^/u/(?P<id>[0-9]+)', substitution: '/v2/$id?u=\\1' }, host: 'h.internal' },
    mirror: { destinationId: 'c', percentage: 0, maxBodyBytes: 10, maxInFlight: 1, removeHeaders: ['cookie'] },
    maxGrpcTimeout: '10s',
  },
  middlewareIds: ['m-1', 'm-2'],
  middlewareOverrides: { 'm-1': { skipWhen: ['request.path == "/x"'] }, 'm-2': { disabled: true } },
}

describe('Route', () => {
  test('a route with every field of forwarding has no problems', () => {
    assert.deepEqual(checkEntity(Route, forward, { kind: 'route' }).problems, [])
  })

  test('what is compared without regard to case is read in one case', () => {
    const match = checkEntity(Route, forward, { kind: 'route' }).value?.match
    assert.deepEqual(match?.methods, ['GET', 'POST'])
    assert.deepEqual(match?.hostnames, ['shop.example', '*.shop.example'])
  })

  test('a route with an action alone takes every request', () => {
    assert.deepEqual(checkEntity(Route, respond, { kind: 'route' }).value, {
      id: 'r-1',
      name: 'x',
      match: { prefixMode: 'segment', grpc: false },
      directResponse: { status: 204, body: '', headers: {} },
      middlewareIds: [],
      middlewareOverrides: {},
    })
  })

  test('forwarding has its defaults', () => {
    const sent = {
      id: 'r',
      forward: { destinations: [{ destinationId: 'a' }], retry: {}, mirror: { destinationId: 'b' } },
    }
    assert.deepEqual(checkEntity(Route, sent, { kind: 'route' }).value?.forward, {
      destinations: [{ destinationId: 'a', weight: 0 }],
      destinationBalancing: {
        algorithm: 'WEIGHTED_RANDOM',
        weightedConsistentHash: { cookie: { name: '_vrata_destination_pin', ttl: '1h' } },
        sticky: { cookie: { name: '_vrata_destination_pin', ttl: '1h' }, onUnhealthy: 'detour' },
      },
      timeouts: { idle: '5m', queue: '5s', includeBody: false },
      retry: {
        attempts: 0,
        on: ['server-error', 'connection-failure'],
        maxBodyBytes: 65_536,
        backoff: { base: '100ms', max: '1s' },
      },
      mirror: { destinationId: 'b', percentage: 100, maxBodyBytes: 1_048_576, maxInFlight: 100, removeHeaders: [] },
    })
  })

  test('an empty list of retry conditions stands for the usual ones', () => {
    const sent = { id: 'r', forward: { destinations: [{ destinationId: 'a' }], retry: { attempts: 1, on: [] } } }
    const { value } = checkEntity(Route, sent, { kind: 'route' })
    assert.deepEqual(value?.forward?.retry?.on, ['server-error', 'connection-failure'])
  })

  test('a redirect is permanent unless it says otherwise', () => {
    const { value } = checkEntity(Route, redirect, { kind: 'route' })
    assert.deepEqual(value?.redirect, { scheme: 'https', code: 301 })
  })

  describe('actions', () => {
    const rows: readonly [string, object][] = [
      ['none', { match: { path: '/x' } }],
      ['redirect and directResponse', { redirect: { url: 'https://a' }, directResponse: { status: 204 } }],
      ['all three', { ...forward, ...redirect, ...respond }],
      ['forward and a broken redirect', { ...forward, redirect: 7 }],
    ]
    for (const [what, sent] of rows)
      test(`${what}: exactly one action is asked for`, () => {
        const { problems } = checkEntity(Route, { id: 'r', ...sent }, { kind: 'route' })
        const own = problems.filter((problem) => problem.pointer === '')
        assert.deepEqual(
          own.map(({ message, code }) => [message, code]),
          [[oneAction, 'exclusive.fields']],
        )
      })
  })

  describe('forward', () => {
    accepts(Route, forward, [
      ['/forward/destinations', [{ destinationId: 'a', weight: 0 }]],
      ['/forward/destinations', [{ destinationId: 'a', weight: 7 }]],
      ['/forward/destinations', [{ destinationId: 'a', weight: 100 }, { destinationId: 'b' }]],
      ['/forward/timeouts/request', '0s'],
      ['/forward/rewrite', { path: '/' }],
      ['/forward/rewrite', { fullPath: 'x', autoHost: true }],
      ['/forward/rewrite', { hostFromHeader: 'x-host', host: '[::1]:80' }],
      ['/forward/rewrite/pathRegex', { pattern: '{{secret:value:p}}', substitution: '$1' }],
      ['/forward/rewrite/pathRegex/substitution', '$9{{secret:value:s}}'],
      ['/middlewareOverrides/m-1', { onlyWhen: ['"admin" in request.headers["x-role"]'] }],
      ['/middlewareOverrides/m-1', { headers: { requestHeadersToRemove: ['x-*'] } }],
      ['/middlewareOverrides/m-1', { extProc: { phases: { requestBody: 'streamed' }, allowOnError: false } }],
      ['/match/pathPrefix', '{{secret:value:prefix}}'],
      ['/match/cel', 'request.path == {{secret:value:path}}'],
      ['/match/headers', [{ name: 'x', value: '({{secret:value:token}}', regex: true }]],
      ['/listenerIds', []],
    ])
    refuses(Route, forward, [
      ['/forward/destinations', [], 'range.invalid'],
      ['/forward/destinations', undefined, 'field.missing'],
      [
        '/forward/destinations',
        [
          { destinationId: 'a', weight: 60 },
          { destinationId: 'b', weight: 30 },
        ],
        'weights.sum',
        { message: weights },
      ],
      ['/forward/destinations', [{ destinationId: 'a' }, { destinationId: 'b' }], 'weights.sum'],
      [
        '/forward/destinations',
        [
          { destinationId: 'a', weight: 50 },
          { destinationId: 'a', weight: 50 },
        ],
        'list.repeated',
        { at: '/forward/destinations/1/destinationId' },
      ],
      [
        '/forward/destinations',
        [{ destinationId: 'a', weight: 101 }],
        'range.invalid',
        { at: '/forward/destinations/0/weight' },
      ],
      [
        '/forward/destinations',
        [{ destinationId: 'a', weight: -1 }],
        'range.invalid',
        { at: '/forward/destinations/0/weight' },
      ],
      [
        '/forward/destinations',
        [{ destinationId: '' }],
        'format.invalid',
        { at: '/forward/destinations/0/destinationId' },
      ],
      [
        '/forward/destinations',
        [{ destination: 'a', destinationId: 'a' }],
        'field.unknown',
        { at: '/forward/destinations/0/destination' },
      ],
      ['/forward/destinationBalancing/algorithm', 'RANDOM', 'enum.invalid'],
      ['/forward/destinationBalancing/sticky/cookie/name', '', 'cookie.invalid'],
      [
        '/forward/destinationBalancing/weightedConsistentHash/cookie/ttl',
        '1 hour',
        'duration.invalid',
        { suggestion: '1h' },
      ],
      ['/forward/timeouts/request', '10 sec', 'duration.invalid', { suggestion: '10s' }],
      ['/forward/timeouts/idle', 'x', 'duration.invalid'],
      ['/forward/timeouts/queue', 'x', 'duration.invalid'],
      ['/forward/timeouts/includeBody', 'x', 'type.invalid'],
      ['/forward/retry/attempts', -1, 'range.invalid'],
      ['/forward/retry/attempts', 101, 'range.invalid'],
      ['/forward/retry/perAttemptTimeout', '0s', 'duration.range'],
      ['/forward/retry/on', ['retriable-codes', '5xx'], 'enum.invalid', { at: '/forward/retry/on/1' }],
      ['/forward/retry/retriableCodes', [600], 'range.invalid', { at: '/forward/retry/retriableCodes/0' }],
      ['/forward/retry/grpcCodes', [17], 'range.invalid', { at: '/forward/retry/grpcCodes/0' }],
      [
        '/forward/retry',
        { on: ['server-error'], retriableCodes: [500] },
        'field.unused',
        { at: '/forward/retry/retriableCodes' },
      ],
      ['/forward/retry/methods', [], 'range.invalid'],
      ['/forward/retry/methods', ['G T'], 'method.invalid', { at: '/forward/retry/methods/0' }],
      ['/forward/retry/maxBodyBytes', 16_777_217, 'range.invalid'],
      ['/forward/retry/backoff/base', '1', 'duration.invalid', { suggestion: '1s' }],
      ['/forward/retry/backoff/max', '1', 'duration.invalid'],
      ['/forward/rewrite/path', '/x', 'exclusive.fields', { at: '/forward/rewrite/pathRegex' }],
      ['/forward/rewrite/fullPath', '/x', 'exclusive.fields', { at: '/forward/rewrite/pathRegex' }],
      ['/forward/rewrite', { path: '/a', fullPath: '/b' }, 'exclusive.fields', { at: '/forward/rewrite/fullPath' }],
      ['/forward/rewrite', { path: '/a?b' }, 'path.invalid', { at: '/forward/rewrite/path', suggestion: '/a' }],
      ['/forward/rewrite/pathRegex/pattern', '(', 'regex.invalid'],
      ['/forward/rewrite/pathRegex/substitution', '$7', 'regex.invalid'],
      ['/forward/rewrite/host', 'http://a', 'host.invalid'],
      ['/forward/rewrite/hostFromHeader', 'a b', 'header.invalid'],
      ['/forward/mirror/percentage', 101, 'range.invalid'],
      ['/forward/mirror/destinationId', undefined, 'field.missing'],
      ['/forward/mirror/maxBodyBytes', -1, 'range.invalid'],
      ['/forward/mirror/maxInFlight', 0, 'range.invalid'],
      ['/forward/mirror/removeHeaders', ['a b'], 'header.invalid', { at: '/forward/mirror/removeHeaders/0' }],
      ['/forward/maxGrpcTimeout', '0s', 'duration.range'],
      ['/forward/onError', [], 'field.unknown'],
      ['/onError', [], 'field.unknown'],
      ['/middlewareIds', ['a b'], 'format.invalid', { at: '/middlewareIds/0' }],
      ['/middlewareOverrides', { 'a b': {} }, 'name.invalid', { at: '/middlewareOverrides/a b' }],
      ['/middlewareOverrides/m-1/onlyWhen', ['true'], 'exclusive.fields'],
      [
        '/middlewareOverrides/m-1/skipWhen',
        ['request.pth == ""'],
        'cel.invalid',
        { at: '/middlewareOverrides/m-1/skipWhen/0' },
      ],
      ['/middlewareOverrides/m-1/onlywhen', [], 'field.unknown', { suggestion: 'onlyWhen' }],
      ['/middlewareOverrides/m-2/disabled', 'yes', 'type.invalid'],
      ['/middlewareOverrides/m-2/extProc/phases/requestBody', 'all', 'enum.invalid'],
      ['/listenerIds', ['/'], 'format.invalid', { at: '/listenerIds/0' }],
      ['/priority', 1.5, 'type.invalid'],
      ['/priority', 1_000_001, 'range.invalid'],
    ])
  })

  describe('match', () => {
    accepts(Route, respond, [
      ['/match', {}],
      ['/match', { path: '*' }],
      ['/match', { pathPrefix: 'img-' }],
      ['/match', { pathRegex: '^/en|/es' }],
      ['/match', { methods: [], hostnames: ['*'] }],
    ])
    refuses(Route, respond, [
      ['/match/pathPrefx', '/x', 'field.unknown', { suggestion: 'pathPrefix', message: 'unknown field' }],
      ['/match/path_prefix', '/x', 'field.unknown', { suggestion: 'pathPrefix' }],
      ['/match', { path: '/a', pathPrefix: '/b' }, 'exclusive.fields', { at: '/match/pathPrefix' }],
      ['/match', { path: '/a', pathRegex: '/b' }, 'exclusive.fields', { at: '/match/pathRegex' }],
      ['/match/path', '', 'path.invalid'],
      ['/match/path', '/a b', 'path.invalid'],
      ['/match/pathPrefix', '/a?b=1', 'path.invalid', { suggestion: '/a' }],
      ['/match/pathPrefix', '/a#b', 'path.invalid'],
      ['/match/pathRegex', '(', 'regex.invalid'],
      ['/match/pathRegex', '(?=x)', 'regex.invalid'],
      ['/match/pathRegex', 'x'.repeat(8193), 'regex.invalid'],
      ['/match/prefixMode', 'segments', 'enum.invalid', { suggestion: 'segment' }],
      ['/match/methods', ['GET,POST'], 'method.invalid', { at: '/match/methods/0' }],
      ['/match/methods', 'GET', 'type.invalid', { message: 'expected a list, got a string' }],
      ['/match/hostnames', ['https://a.b'], 'hostname.invalid', { at: '/match/hostnames/0', suggestion: 'a.b' }],
      ['/match/headers', [{ name: 'Host' }], 'header.forbidden', { at: '/match/headers/0/name' }],
      ['/match/headers', [{ name: ':authority' }], 'header.forbidden', { at: '/match/headers/0/name' }],
      ['/match/headers', [{ name: 'a b' }], 'header.invalid', { at: '/match/headers/0/name' }],
      ['/match/headers', [{ name: 'a', value: '(', regex: true }], 'regex.invalid', { at: '/match/headers/0/value' }],
      ['/match/headers', [{ name: 'a', exact: 'b' }], 'field.unknown', { at: '/match/headers/0/exact' }],
      ['/match/queryParams', [{ name: '' }], 'range.invalid', { at: '/match/queryParams/0/name' }],
      [
        '/match/queryParams',
        [{ name: 'q', value: '[', regex: true }],
        'regex.invalid',
        { at: '/match/queryParams/0/value' },
      ],
      ['/match/grpc', 'yes', 'type.invalid'],
      ['/match/cel', 'request.path ==', 'cel.invalid'],
      ['/match/cel', 'request.path', 'cel.invalid'],
      ['/match/cel', 'request.pathh == "/"', 'cel.invalid'],
    ])
  })

  describe('redirect', () => {
    accepts(Route, redirect, [
      ['/redirect', { url: 'https://a.example/x?y', code: 308 }],
      ['/redirect', { host: 'a.example:8443' }],
      ['/redirect', { port: 8443 }],
      ['/redirect', { path: '/v2?x=1', stripQuery: true }],
      ['/redirect', { pathPrefix: '/v2' }],
    ])
    refuses(Route, redirect, [
      ['/redirect', {}, 'field.missing'],
      ['/redirect', { code: 302, stripQuery: true }, 'field.missing'],
      ['/redirect/code', 299, 'enum.invalid', { message: 'must be one of 301, 302, 303, 307, 308' }],
      ['/redirect/code', '301', 'enum.invalid'],
      ['/redirect/url', 'https://a', 'exclusive.fields', { at: '/redirect/scheme' }],
      ['/redirect', { url: 'https://a', stripQuery: true }, 'exclusive.fields', { at: '/redirect/stripQuery' }],
      ['/redirect', { url: '' }, 'url.invalid', { at: '/redirect/url' }],
      ['/redirect', { url: 'a b' }, 'url.invalid', { at: '/redirect/url' }],
      ['/redirect/scheme', 'ftp', 'enum.invalid'],
      ['/redirect/host', 'a/b', 'host.invalid'],
      ['/redirect/port', 0, 'range.invalid'],
      ['/redirect', { host: 'a:1', port: 2 }, 'exclusive.fields', { at: '/redirect/port' }],
      ['/redirect/path', 'x', 'path.invalid', { suggestion: '/x' }],
      ['/redirect', { path: '/a', pathPrefix: '/b' }, 'exclusive.fields', { at: '/redirect/pathPrefix' }],
      ['/redirect/pathPrefix', 'x', 'path.invalid'],
    ])
  })

  describe('directResponse', () => {
    accepts(Route, respond, [
      ['/directResponse', { status: 200, body: '{{secret:value:page}}', headers: { 'X-A': 'b' } }],
      ['/directResponse/status', 599],
    ])
    refuses(Route, respond, [
      ['/directResponse', {}, 'field.missing', { at: '/directResponse/status' }],
      ['/directResponse/status', 199, 'range.invalid'],
      ['/directResponse/status', 600, 'range.invalid'],
      ['/directResponse/body', {}, 'type.invalid'],
      ['/directResponse/headers', { 'a b': 'x' }, 'name.invalid', { at: '/directResponse/headers/a b' }],
      [
        '/directResponse/headers',
        { 'Content-Length': '1' },
        'name.invalid',
        { at: '/directResponse/headers/Content-Length' },
      ],
      ['/directResponse/headers/x-a', 'a\nb', 'header.invalid'],
    ])
  })
})
