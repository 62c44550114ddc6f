import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkEntity } from './check-entity.ts'
import { Listener } from './listener.ts'
import { accepts, refuses } from './testing/check-rows.ts'

const plain = { id: 'l-1', port: 8080 }
const tls = { ...plain, tls: { cert: 'c', key: 'k' } }
const full = {
  id: 'l-1',
  name: 'web',
  labels: { team: 'edge', 'example.com/zone': '' },
  description: 'front door',
  address: '::',
  port: 8443,
  hostnames: ['example.com', '*.example.com'],
  tls: {
    cert: 'c',
    key: 'k',
    certificates: [{ cert: 'c2', key: 'k2' }],
    minVersion: 'TLSv1_2',
    maxVersion: 'TLSv1_3',
    cipherSuites: ['ECDHE-RSA-AES128-GCM-SHA256', 'TLS_AES_128_GCM_SHA256'],
    clientAuth: { mode: 'optional', ca: 'ca', xfcc: 'envoy' },
  },
  http2: true,
  serverName: 'edge',
  maxRequestHeadersKB: 64,
  metrics: {
    path: '/stats',
    expose: 'admin',
    collect: { route: false, destination: true, middleware: true, listener: true, endpoint: true },
    histograms: { durationBuckets: [0.1, 1], sizeBuckets: [] },
  },
  timeouts: {
    clientHeader: '5s',
    clientRequest: '0s',
    clientRequestTotal: '10m',
    clientResponse: '30s',
    idleBetweenRequests: '2m',
    idleStream: '2h',
  },
  limits: { maxUrlBytes: 1, maxHeaders: 1, maxBodyBytes: 1, maxConnections: 1, maxStreamsPerConnection: 1 },
  proxyErrors: { detail: 'full' },
  pathNormalization: 'report',
  encodedSlash: 'keep',
  trustedProxies: ['10.0.0.0/8', '2001:db8::/32'],
  underscoreHeaders: 'reject',
  via: true,
  drainTimeout: '0s',
}

describe('Listener', () => {
  test('a listener with every field has no problems', () => {
    assert.deepEqual(checkEntity(Listener, full, { kind: 'listener' }).problems, [])
  })

  test('only id and port are needed; everything else has its default', () => {
    const { value } = checkEntity(Listener, plain, { kind: 'listener' })
    assert.deepEqual(value, {
      id: 'l-1',
      name: '',
      address: '0.0.0.0',
      port: 8080,
      http2: false,
      maxRequestHeadersKB: 0,
      timeouts: {
        clientHeader: '10s',
        clientRequest: '60s',
        clientResponse: '60s',
        idleBetweenRequests: '120s',
        idleStream: '1h',
      },
      limits: {
        maxUrlBytes: 8192,
        maxHeaders: 100,
        maxBodyBytes: 0,
        maxConnections: 0,
        maxStreamsPerConnection: 100,
      },
      proxyErrors: { detail: 'standard' },
      pathNormalization: 'enforce',
      encodedSlash: 'reject',
      trustedProxies: [],
      underscoreHeaders: 'drop',
      via: false,
      drainTimeout: '30s',
    })
  })

  test('an empty metrics object switches the usual metrics on', () => {
    const { value } = checkEntity(Listener, { ...plain, metrics: {} }, { kind: 'listener' })
    assert.deepEqual(value?.metrics, {
      path: '/metrics',
      expose: 'listener',
      collect: { route: true, destination: true, middleware: true, listener: true, endpoint: false },
      histograms: { durationBuckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] },
    })
  })

  test('empty bucket lists stand for the defaults', () => {
    const metrics = { histograms: { durationBuckets: [], sizeBuckets: [] } }
    const { value } = checkEntity(Listener, { ...plain, metrics }, { kind: 'listener' })
    assert.equal(value?.metrics?.histograms.durationBuckets.length, 11)
    assert.deepEqual(value?.metrics?.histograms.sizeBuckets, [100, 1000, 10_000, 100_000, 1_000_000])
  })

  test('TLS 1.2 is the oldest version unless an older one is asked for', () => {
    const { value } = checkEntity(Listener, tls, { kind: 'listener' })
    assert.deepEqual(value?.tls, { cert: 'c', key: 'k', minVersion: 'TLSv1_2' })
  })

  accepts(Listener, tls, [
    ['/address', '127.0.0.1'],
    ['/address', '::1'],
    ['/address', '[::1]'],
    ['/port', 1],
    ['/port', 65535],
    ['/hostnames', []],
    ['/hostnames', ['*', 'A.example.com.', '[::1]', '10.0.0.1']],
    ['/tls/clientAuth', {}],
    ['/tls/clientAuth', { mode: '' }],
    ['/tls/clientAuth', { mode: 'none' }],
    ['/tls/clientAuth', { mode: 'require', ca: 'ca' }],
    ['/tls', { certificates: [{ cert: 'c', key: 'k' }] }],
    ['/tls/minVersion', 'TLSv1_0'],
    ['/tls/cert', '{{secret:value:web-cert}}'],
    ['/tls/minVersion', '{{secret:env:OLDEST_TLS}}'],
    ['/timeouts/clientHeader', '{{secret:env:HEADER_TIMEOUT}}'],
    ['/timeouts/clientHeader', '1h30m'],
    ['/trustedProxies', ['0.0.0.0/0', '::/0']],
    ['/metrics', { histograms: { durationBuckets: Array.from({ length: 64 }, (_, index) => index + 1) } }],
  ])

  refuses(Listener, tls, [
    ['/port', undefined, 'field.missing', { message: 'this field is required' }],
    ['/port', 0, 'range.invalid'],
    ['/port', 70_000, 'range.invalid', { message: 'must be at most 65535' }],
    ['/port', 80.5, 'type.invalid', { message: 'expected a whole number' }],
    ['/port', '80', 'type.invalid', { message: 'expected a number, got a string' }],
    ['/port', '{{secret:env:PORT}}', 'type.invalid'],
    ['/prot', 80, 'field.unknown', { message: 'unknown field' }],
    ['/address', 'localhost', 'address.invalid'],
    ['/address', '', 'address.invalid'],
    ['/address', '10.0.0.1:80', 'address.invalid'],
    ['/hostnames', ['http://a.example'], 'hostname.invalid', { at: '/hostnames/0', suggestion: 'a.example' }],
    ['/hostnames', ['a.example:80'], 'hostname.invalid', { at: '/hostnames/0', suggestion: 'a.example' }],
    ['/hostnames', ['a.*.example'], 'hostname.invalid', { at: '/hostnames/0' }],
    ['/hostnames', ['*.'], 'hostname.invalid', { at: '/hostnames/0' }],
    ['/hostnames', ['ä.example'], 'hostname.invalid', { at: '/hostnames/0' }],
    ['/http2', 'yes', 'type.invalid', { message: 'expected true or false, got a string' }],
    ['/serverName', 'a\r\nb', 'header.invalid'],
    ['/maxRequestHeadersKB', -1, 'range.invalid'],
    ['/maxRequestHeadersKB', 65_537, 'range.invalid'],
    ['/tls/cert', undefined, 'field.missing'],
    ['/tls/key', undefined, 'field.missing'],
    ['/tls/cert', '', 'range.invalid'],
    ['/tls/certificates', [{ cert: 'c' }], 'field.missing', { at: '/tls/certificates/0/key' }],
    ['/tls/minVersion', 'TLSv1_4', 'enum.invalid', { suggestion: 'TLSv1_0' }],
    ['/tls/minVersion', 'tls1.2', 'enum.invalid'],
    ['/tls/maxVersion', 'TLSv1_1', 'tls.versions'],
    ['/tls/cipherSuites', [], 'range.invalid'],
    ['/tls/cipherSuites', ['ECDHE-RSA-AES128-GCM-SHA265'], 'tls.cipher', { at: '/tls/cipherSuites/0' }],
    [
      '/tls/clientAuth',
      { mode: 'require' },
      'field.missing',
      { at: '/tls/clientAuth/ca', message: 'clientAuth.ca is required when mode is "require"' },
    ],
    [
      '/tls/clientAuth',
      { mode: 'optional' },
      'field.missing',
      { at: '/tls/clientAuth/ca', message: 'clientAuth.ca is required when mode is "optional"' },
    ],
    [
      '/tls/clientAuth/mode',
      'required',
      'enum.invalid',
      {
        suggestion: 'require',
        message: 'unknown clientAuth.mode "required": must be "none", "optional", or "require"',
      },
    ],
    ['/tls/clientAuth/xfcc', 'all', 'enum.invalid'],
    ['/metrics/path', '/', 'format.invalid'],
    ['/metrics/path', 'metrics', 'format.invalid'],
    ['/metrics/expose', 'public', 'enum.invalid'],
    ['/metrics/collect/routes', true, 'field.unknown', { suggestion: 'route' }],
    ['/metrics/histograms/durationBuckets', [1, 1], 'buckets.order', { at: '/metrics/histograms/durationBuckets/1' }],
    ['/metrics/histograms/durationBuckets', [0], 'range.invalid', { at: '/metrics/histograms/durationBuckets/0' }],
    ['/metrics/histograms/sizeBuckets', Array.from({ length: 65 }, (_, index) => index + 1), 'range.invalid'],
    [
      '/timeouts/clientHeader',
      '10 sec',
      'duration.invalid',
      { suggestion: '10s', message: '"10 sec" is not a duration' },
    ],
    ['/timeouts/clientHeader', '-5s', 'duration.invalid', { suggestion: '5s', message: '"-5s" is negative' }],
    ['/timeouts/clientHeader', 10, 'type.invalid'],
    ['/timeouts/clientRequest', '1d', 'duration.invalid', { suggestion: '24h' }],
    ['/timeouts/clientRequestTotal', '', 'duration.invalid'],
    ['/timeouts/clientResponse', 'soon', 'duration.invalid'],
    ['/timeouts/idleBetweenRequests', '5', 'duration.invalid', { suggestion: '5s' }],
    ['/timeouts/idleStream', '1h-', 'duration.invalid'],
    ['/timeouts/clientHeaders', '1s', 'field.unknown', { suggestion: 'clientHeader' }],
    ['/limits/maxUrlBytes', 0, 'range.invalid'],
    ['/limits/maxHeaders', 0, 'range.invalid'],
    ['/limits/maxBodyBytes', -1, 'range.invalid'],
    ['/limits/maxConnections', -1, 'range.invalid'],
    ['/limits/maxStreamsPerConnection', 0, 'range.invalid'],
    ['/proxyErrors/detail', 'ful', 'enum.invalid', { suggestion: 'full' }],
    ['/pathNormalization', 'on', 'enum.invalid'],
    ['/encodedSlash', 'drop', 'enum.invalid'],
    ['/trustedProxies', ['10.0.0.1'], 'cidr.invalid', { at: '/trustedProxies/0', suggestion: '10.0.0.1/32' }],
    ['/trustedProxies', ['::1'], 'cidr.invalid', { at: '/trustedProxies/0', suggestion: '::1/128' }],
    ['/trustedProxies', ['10.0.0.0/33'], 'cidr.invalid', { at: '/trustedProxies/0' }],
    ['/underscoreHeaders', 'remove', 'enum.invalid'],
    ['/via', 1, 'type.invalid'],
    ['/drainTimeout', '-1s', 'duration.invalid'],
  ])

  describe('members of every entity', () => {
    accepts(Listener, plain, [
      ['/id', 'a'],
      ['/id', `A${'b._~@:-0'.repeat(15)}1234567`],
      ['/name', ''],
      ['/name', 'k8s:ns/name/rule-0/match-0'],
      ['/name', 'x'.repeat(512)],
      ['/labels', Object.fromEntries(Array.from({ length: 32 }, (_, index) => [`k${index}`, 'v']))],
      ['/labels/a', 'x'.repeat(63)],
      ['/description', 'x'.repeat(1024)],
    ])
    refuses(Listener, plain, [
      ['/id', undefined, 'field.missing'],
      ['/id', '', 'format.invalid'],
      ['/id', '-a', 'format.invalid'],
      ['/id', 'a/b', 'format.invalid'],
      ['/id', 'x'.repeat(129), 'format.invalid'],
      ['/id', '{{secret:value:x}}', 'format.invalid'],
      ['/name', 'x'.repeat(513), 'range.invalid'],
      ['/name', 'a\nb', 'name.invalid'],
      ['/name', 7, 'type.invalid'],
      ['/labels', Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`k${index}`, 'v'])), 'labels.count'],
      ['/labels', { '-a': 'v' }, 'name.invalid', { at: '/labels/-a' }],
      ['/labels/a', 'x'.repeat(64), 'format.invalid'],
      ['/labels/a', 'é', 'format.invalid'],
      ['/labels/a', 1, 'type.invalid'],
      ['/description', 'x'.repeat(1025), 'range.invalid'],
    ])
  })
})
