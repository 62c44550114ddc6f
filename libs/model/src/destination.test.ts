import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkEntity } from './check-entity.ts'
import { Destination } from './destination.ts'
import { accepts, refuses } from './testing/check-rows.ts'

const plain = { id: 'd-1', name: 'a', host: '10.0.0.1', port: 80 }
const full = {
  ...plain,
  labels: { team: 'a' },
  description: 'x',
  endpoints: [{ host: '10.0.0.1', port: 8080 }],
  options: {
    timeouts: {
      request: '30s',
      connect: '1s',
      tlsHandshake: '1s',
      dualStackFallback: '0s',
      responseHeader: '1s',
      expectContinue: '1s',
      idleConnection: '1s',
    },
    tls: {
      mode: 'mtls',
      cert: 'c',
      key: 'k',
      ca: 'ca',
      sni: 'a.example',
      minVersion: 'TLSv1_3',
      maxVersion: 'TLSv1_3',
    },
    endpointBalancing: {
      algorithm: 'RING_HASH',
      ringHash: {
        ringSize: { min: 100, max: 1000 },
        hashPolicy: [{ header: { name: 'x-user' } }, { cookie: {} }, { sourceIP: {} }],
      },
      maglev: { tableSize: 251, hashPolicy: [{ cookie: { name: 'c', ttl: '1m' } }] },
      leastRequest: { choiceCount: 3 },
      sticky: { cookie: { name: 's', ttl: '2h' }, onUnhealthy: 'repin' },
    },
    circuitBreaker: {
      maxConnections: 1,
      maxPendingRequests: 0,
      maxRequests: 1,
      maxRetries: 0,
      failureThreshold: 0,
      openDuration: '1s',
    },
    healthCheck: {
      path: '/health?deep=1',
      interval: '1s',
      timeout: '1s',
      unhealthyThreshold: 1,
      healthyThreshold: 1,
      initialState: 'unknown',
    },
    outlierDetection: {
      consecutive5xx: 0,
      consecutiveGatewayErrors: 3,
      interval: '1s',
      maxEjectionPercent: 100,
      baseEjectionTime: '1s',
      maxEjectionTime: '1m',
    },
    discovery: { type: 'kubernetes' },
    dns: { mode: 'logical', refresh: '5s' },
    http2: true,
    maxConnsPerHost: 10,
    panicThreshold: 50,
    slowStart: '30s',
  },
}

describe('Destination', () => {
  test('a destination with every field has no problems', () => {
    assert.deepEqual(checkEntity(Destination, full, { kind: 'destination' }).problems, [])
  })

  test('id, host and port are enough; what changes how requests are sent has its default', () => {
    const { value } = checkEntity(Destination, plain, { kind: 'destination' })
    assert.deepEqual(value, {
      ...plain,
      options: {
        timeouts: {
          connect: '5s',
          tlsHandshake: '5s',
          dualStackFallback: '300ms',
          responseHeader: '10s',
          expectContinue: '1s',
          idleConnection: '90s',
        },
        endpointBalancing: {
          algorithm: 'ROUND_ROBIN',
          ringHash: { ringSize: { min: 1024, max: 8_388_608 }, hashPolicy: [] },
          maglev: { tableSize: 65_537, hashPolicy: [] },
          leastRequest: { choiceCount: 2 },
          sticky: { cookie: { name: '_vrata_endpoint_pin', ttl: '1h' }, onUnhealthy: 'detour' },
        },
        dns: { mode: 'strict' },
        http2: false,
        maxConnsPerHost: 0,
        panicThreshold: 0,
        slowStart: '0s',
      },
    })
  })

  test('features that are switched on by their object have their defaults then', () => {
    const options = { circuitBreaker: {}, healthCheck: { path: '/' }, outlierDetection: {} }
    const { value } = checkEntity(Destination, { ...plain, options }, { kind: 'destination' })
    assert.deepEqual(value?.options.circuitBreaker, {
      maxConnections: 1024,
      maxPendingRequests: 1024,
      maxRequests: 1024,
      maxRetries: 3,
      failureThreshold: 5,
      openDuration: '30s',
    })
    assert.deepEqual(value?.options.healthCheck, {
      path: '/',
      interval: '10s',
      timeout: '5s',
      unhealthyThreshold: 3,
      healthyThreshold: 2,
      initialState: 'healthy',
    })
    assert.deepEqual(value?.options.outlierDetection, {
      consecutive5xx: 5,
      consecutiveGatewayErrors: 0,
      interval: '10s',
      maxEjectionPercent: 10,
      baseEjectionTime: '30s',
      maxEjectionTime: '300s',
    })
  })

  test('a hash policy by cookie names the cookie itself', () => {
    const options = { endpointBalancing: { ringHash: { hashPolicy: [{ cookie: {} }] } } }
    const { value } = checkEntity(Destination, { ...plain, options }, { kind: 'destination' })
    assert.deepEqual(value?.options.endpointBalancing.ringHash.hashPolicy, [
      { cookie: { name: '_vrata_endpoint_pin', ttl: '1h' } },
    ])
  })

  test('hosts are read in lower case and without brackets', () => {
    const hostOf = (host: string) => checkEntity(Destination, { ...plain, host }, { kind: 'destination' }).value?.host
    assert.equal(hostOf('API.Internal.'), 'api.internal.')
    assert.equal(hostOf('[::1]'), '::1')
    assert.equal(hostOf('{{secret:value:Host}}'), '{{secret:value:Host}}')
  })

  accepts(Destination, plain, [
    ['/host', 'my_service'],
    ['/host', 'a.b.c.example'],
    ['/host', '::1'],
    ['/endpoints', []],
    ['/options', {}],
    ['/options/tls', {}],
    ['/options/tls', { mode: 'tls' }],
    ['/options/tls', { mode: 'mtls', cert: '{{secret:value:c}}', key: '{{secret:value:k}}' }],
    ['/options/endpointBalancing/maglev', { tableSize: 5_000_011 }],
    ['/options/timeouts/connect', '0'],
    ['/options/dns/refresh', '30s'],
  ])

  refuses(Destination, full, [
    ['/host', undefined, 'field.missing'],
    ['/host', '', 'host.invalid'],
    ['/host', 'http://a.example/x', 'host.invalid', { suggestion: 'a.example' }],
    ['/host', 'a.example:80', 'host.invalid', { suggestion: 'a.example' }],
    ['/host', '999.1.1.1', 'host.invalid'],
    ['/host', '-a', 'host.invalid'],
    ['/port', undefined, 'field.missing'],
    ['/port', 0, 'range.invalid'],
    ['/port', 65_536, 'range.invalid'],
    ['/endpoints', [{ host: 'a' }], 'field.missing', { at: '/endpoints/0/port' }],
    ['/endpoints', [{ host: 'a', port: 1, weight: 1 }], 'field.unknown', { at: '/endpoints/0/weight' }],
    ['/option', {}, 'field.unknown'],
    ['/options/timeouts/request', '5 min', 'duration.invalid', { suggestion: '5m' }],
    ['/options/timeouts/connect', '-1s', 'duration.invalid'],
    ['/options/timeouts/tlsHandshake', 'x', 'duration.invalid'],
    ['/options/timeouts/dualStackFallback', 'x', 'duration.invalid'],
    ['/options/timeouts/responseHeader', 'x', 'duration.invalid'],
    ['/options/timeouts/expectContinue', 'x', 'duration.invalid'],
    ['/options/timeouts/idleConnection', 'x', 'duration.invalid'],
    ['/options/tls/mode', 'mtsl', 'enum.invalid', { suggestion: 'mtls' }],
    ['/options/tls/cert', undefined, 'field.missing', { message: 'tls.cert is required when mode is "mtls"' }],
    ['/options/tls/key', undefined, 'field.missing'],
    ['/options/tls/sni', 'a b', 'host.invalid'],
    ['/options/tls/maxVersion', 'TLSv1_2', 'tls.versions'],
    ['/options/tls/skipVerify', true, 'field.unknown'],
    ['/options/endpointBalancing/algorithm', 'round_robin', 'enum.invalid', { suggestion: 'ROUND_ROBIN' }],
    ['/options/endpointBalancing/algorithm', '', 'enum.invalid'],
    ['/options/endpointBalancing/ringHash/ringSize/min', 0, 'range.invalid'],
    ['/options/endpointBalancing/ringHash/ringSize/min', 1001, 'range.invalid'],
    ['/options/endpointBalancing/ringHash/ringSize/max', 8_388_609, 'range.invalid'],
    [
      '/options/endpointBalancing/ringHash/hashPolicy',
      [{}],
      'exclusive.fields',
      { at: '/options/endpointBalancing/ringHash/hashPolicy/0' },
    ],
    [
      '/options/endpointBalancing/ringHash/hashPolicy',
      [{ header: { name: 'a' }, sourceIP: {} }],
      'exclusive.fields',
      { at: '/options/endpointBalancing/ringHash/hashPolicy/0' },
    ],
    [
      '/options/endpointBalancing/ringHash/hashPolicy',
      [{ header: { name: 'a b' } }],
      'header.invalid',
      { at: '/options/endpointBalancing/ringHash/hashPolicy/0/header/name' },
    ],
    [
      '/options/endpointBalancing/maglev/hashPolicy',
      [{ cookie: { name: 'a;b' } }],
      'cookie.invalid',
      { at: '/options/endpointBalancing/maglev/hashPolicy/0/cookie/name' },
    ],
    ['/options/endpointBalancing/maglev/tableSize', 1, 'range.invalid'],
    ['/options/endpointBalancing/maglev/tableSize', 65_536, 'maglev.size', { suggestion: '65537' }],
    ['/options/endpointBalancing/maglev/tableSize', 5_000_077, 'range.invalid'],
    [
      '/endpoints',
      Array.from({ length: 251 }, (_, index) => ({ host: 'a', port: index + 1 })),
      'maglev.size',
      { at: '/options/endpointBalancing/maglev/tableSize' },
    ],
    ['/options/endpointBalancing/leastRequest/choiceCount', 0, 'range.invalid'],
    ['/options/endpointBalancing/sticky/cookie/ttl', '0s', 'duration.range'],
    ['/options/endpointBalancing/sticky/onUnhealthy', 'stay', 'enum.invalid'],
    ['/options/circuitBreaker/maxConnections', 0, 'range.invalid'],
    ['/options/circuitBreaker/maxPendingRequests', -1, 'range.invalid'],
    ['/options/circuitBreaker/maxRequests', 0, 'range.invalid'],
    ['/options/circuitBreaker/maxRetries', -1, 'range.invalid'],
    ['/options/circuitBreaker/failureThreshold', -1, 'range.invalid'],
    ['/options/circuitBreaker/openDuration', '0s', 'duration.range', { suggestion: '1ms' }],
    ['/options/healthCheck/path', undefined, 'field.missing'],
    ['/options/healthCheck/path', 'health', 'path.invalid', { suggestion: '/health' }],
    ['/options/healthCheck/interval', '0s', 'duration.range'],
    ['/options/healthCheck/timeout', '0s', 'duration.range'],
    ['/options/healthCheck/unhealthyThreshold', 0, 'range.invalid'],
    ['/options/healthCheck/healthyThreshold', 0, 'range.invalid'],
    ['/options/healthCheck/initialState', 'dead', 'enum.invalid'],
    ['/options/outlierDetection/consecutive5xx', -1, 'range.invalid'],
    ['/options/outlierDetection/consecutiveGatewayErrors', -1, 'range.invalid'],
    ['/options/outlierDetection/interval', '0s', 'duration.range'],
    ['/options/outlierDetection/maxEjectionPercent', 101, 'range.invalid'],
    ['/options/outlierDetection/baseEjectionTime', '0s', 'duration.range'],
    ['/options/outlierDetection/maxEjectionTime', '0s', 'duration.range'],
    [
      '/options/discovery/type',
      'consul',
      'enum.invalid',
      { message: '"consul" is not known here: must be "kubernetes"' },
    ],
    ['/options/discovery', {}, 'field.missing', { at: '/options/discovery/type' }],
    ['/options/dns/mode', 'loose', 'enum.invalid'],
    ['/options/dns/refresh', '500ms', 'duration.range', { suggestion: '1s' }],
    ['/options/dns/refresh', '31s', 'duration.range', { suggestion: '30s' }],
    ['/options/http2', 'true', 'type.invalid'],
    ['/options/maxConnsPerHost', -1, 'range.invalid'],
    ['/options/panicThreshold', 101, 'range.invalid'],
    ['/options/slowStart', 'x', 'duration.invalid'],
  ])
})
