import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { defaultsOf, verdicts } from './testing/verdicts.ts'

const open = '$'.concat('{')

describe('cors', () => {
  test('has its defaults', () => {
    assert.deepEqual(defaultsOf('cors', {}), {
      allowOrigins: [],
      allowMethods: [],
      allowHeaders: [],
      exposeHeaders: [],
      maxAge: 0,
      allowCredentials: false,
      strictPreflight: false,
      forwardDisallowedPreflight: false,
    })
  })

  const origin = (value: string, regex = false) => ({ allowOrigins: [{ value, regex }] })
  verdicts('cors', [
    [origin('*')],
    [origin('null')],
    [origin('https://a.example:8443')],
    [origin('HTTPS://[::1]:80')],
    [origin('https://.*\\.example\\.com', true)],
    [{ ...origin('https://a.example'), allowCredentials: true }],
    [{ ...origin('*', false), allowCredentials: false, maxAge: 600, allowMethods: ['get'], allowHeaders: ['*'] }],
    [{ ...origin('*'), allowCredentials: true }, '/allowCredentials exclusive.fields'],
    [origin(''), '/allowOrigins/0/value range.invalid'],
    [origin('https://a.example/'), '/allowOrigins/0/value origin.invalid'],
    [origin('a.example'), '/allowOrigins/0/value origin.invalid'],
    [origin('https://*.example.com'), '/allowOrigins/0/value origin.invalid'],
    [origin('(', true), '/allowOrigins/0/value regex.invalid'],
    [{ allowOrigins: ['*'] }, '/allowOrigins/0 type.invalid'],
    [{ allowMethods: ['G T'] }, '/allowMethods/0 method.invalid'],
    [{ allowHeaders: [''] }, '/allowHeaders/0 header.invalid'],
    [{ exposeHeaders: ['a,b'] }, '/exposeHeaders/0 header.invalid'],
    [{ maxAge: -1 }, '/maxAge range.invalid'],
    [{ maxAge: '1h' }, '/maxAge type.invalid'],
    [{ origins: [] }, '/origins field.unknown'],
  ])
})

describe('headers', () => {
  test('replaces unless append is true', () => {
    assert.deepEqual(defaultsOf('headers', { requestHeadersToAdd: [{ key: 'x-a', value: '1' }] }), {
      requestHeadersToAdd: [{ key: 'x-a', value: '1', append: false }],
      requestHeadersToRemove: [],
      responseHeadersToAdd: [],
      responseHeadersToRemove: [],
    })
  })

  const adding = (key: string, value: string) => ({ requestHeadersToAdd: [{ key, value }] })
  verdicts('headers', [
    [adding('x-a', '')],
    [adding('x-a', `${open}request.header.x-b} $${open}literal}`)],
    [adding('x-a', `${open}jwt.claims.tenant}`)],
    [{ responseHeadersToAdd: [{ key: 'x', value: `${open}response.header.etag}`, append: true }] }],
    [{ requestHeadersToRemove: ['x-*'], responseHeadersToRemove: ['Server'] }],
    [adding('Host', 'x'), '/requestHeadersToAdd/0/key header.forbidden'],
    [adding('transfer-encoding', 'x'), '/requestHeadersToAdd/0/key header.forbidden'],
    [adding('x', `${open}request.pathh}`), '/requestHeadersToAdd/0/value template.invalid'],
    [adding('x', `${open}response.status}`), '/requestHeadersToAdd/0/value template.invalid'],
    [adding('x', `${open}request.path`), '/requestHeadersToAdd/0/value template.invalid'],
    [adding('x', 'a\r\nb: c'), '/requestHeadersToAdd/0/value header.invalid'],
    [{ requestHeadersToRemove: ['connection'] }, '/requestHeadersToRemove/0 header.forbidden'],
    [{ responseHeadersToRemove: ['content-length'] }, '/responseHeadersToRemove/0 header.forbidden'],
    [
      { requestHeadersToAdd: [{ key: 'x', value: '1', override: true }] },
      '/requestHeadersToAdd/0/override field.unknown',
    ],
  ])
})

describe('extAuthz', () => {
  test('has its defaults', () => {
    assert.deepEqual(defaultsOf('extAuthz', { destinationId: 'd' }), {
      destinationId: 'd',
      mode: 'http',
      path: '',
      decisionTimeout: '5s',
      failureModeAllow: false,
      statusOnError: 403,
      includeBody: false,
      maxBodyBytes: 1_048_576,
      allowPartialBody: false,
      onCheck: { forwardHeaders: [], injectHeaders: [] },
      onAllow: {},
      onDeny: { copyToClient: [] },
    })
  })

  const base = { destinationId: 'd' }
  verdicts('extAuthz', [
    [
      {
        ...base,
        mode: 'grpc',
        path: '/check',
        includeBody: true,
        maxBodyBytes: 4,
        allowPartialBody: true,
        onCheck: { forwardHeaders: ['authorization'], injectHeaders: [{ key: 'x-u', value: `${open}request.path}` }] },
        onAllow: { copyToUpstream: ['x-auth-*', 'x-user'] },
        onDeny: { copyToClient: ['x-*'] },
      },
    ],
    [{ ...base, path: '{{secret:value:path}}' }],
    [{}, '/destinationId field.missing'],
    [{ destinationId: '' }, '/destinationId format.invalid'],
    [{ ...base, mode: 'tcp' }, '/mode enum.invalid'],
    [{ ...base, path: 'check' }, '/path path.invalid'],
    [{ ...base, decisionTimeout: '0s' }, '/decisionTimeout duration.range'],
    [{ ...base, statusOnError: 199 }, '/statusOnError range.invalid'],
    [{ ...base, maxBodyBytes: 0 }, '/maxBodyBytes range.invalid'],
    [{ ...base, onCheck: { forwardHeaders: ['a b'] } }, '/onCheck/forwardHeaders/0 header.invalid'],
    [
      { ...base, onCheck: { injectHeaders: [{ key: 'x', value: `${open}nothing}` }] } },
      '/onCheck/injectHeaders/0/value template.invalid',
    ],
    [
      { ...base, onCheck: { injectHeaders: [{ key: 'host', value: '' }] } },
      '/onCheck/injectHeaders/0/key header.forbidden',
    ],
    [{ ...base, onAllow: { copyToUpstream: ['*'] } }, '/onAllow/copyToUpstream/0 header.invalid'],
    [{ ...base, onDeny: { copyToClient: ['*'] } }, '/onDeny/copyToClient/0 header.invalid'],
    [{ ...base, failureModeDeny: true }, '/failureModeDeny field.unknown'],
  ])
})

describe('extProc', () => {
  test('has its defaults', () => {
    assert.deepEqual(defaultsOf('extProc', { destinationId: 'd' }), {
      destinationId: 'd',
      mode: 'grpc',
      phaseTimeout: '200ms',
      phases: { requestHeaders: 'send', responseHeaders: 'send', requestBody: 'none', responseBody: 'none' },
      allowOnError: false,
      statusOnError: 500,
      allowedMutations: { allowHeaders: [], denyHeaders: [] },
      forwardRules: { allowHeaders: [], denyHeaders: [] },
      disableReject: false,
      observeMode: { enabled: false, workers: 64, queueSize: 4096 },
    })
  })

  const base = { destinationId: 'd' }
  verdicts('extProc', [
    [
      {
        ...base,
        mode: 'http',
        phases: { requestHeaders: 'skip', requestBody: 'streamed', responseBody: 'bufferedPartial', maxBodyBytes: 10 },
        allowedMutations: { allowHeaders: ['x-c-*'], denyHeaders: ['*'] },
        observeMode: { enabled: true, workers: 1, queueSize: 1 },
        metricsPrefix: 'waf',
      },
    ],
    [{}, '/destinationId field.missing'],
    [{ ...base, mode: 'GRPC' }, '/mode enum.invalid'],
    [{ ...base, phaseTimeout: '0s' }, '/phaseTimeout duration.range'],
    [{ ...base, phases: { requestHeaders: 'none' } }, '/phases/requestHeaders enum.invalid'],
    [{ ...base, phases: { responseBody: 'all' } }, '/phases/responseBody enum.invalid'],
    [{ ...base, phases: { maxBodyBytes: 0 } }, '/phases/maxBodyBytes range.invalid'],
    [{ ...base, statusOnError: 600 }, '/statusOnError range.invalid'],
    [{ ...base, forwardRules: { denyHeaders: ['a b'] } }, '/forwardRules/denyHeaders/0 header.invalid'],
    [{ ...base, observeMode: { workers: 0 } }, '/observeMode/workers range.invalid'],
    [{ ...base, observeMode: { queueSize: 0 } }, '/observeMode/queueSize range.invalid'],
    [{ ...base, metricsPrefix: '' }, '/metricsPrefix range.invalid'],
  ])
})

describe('rateLimit', () => {
  test('has its defaults', () => {
    assert.deepEqual(defaultsOf('rateLimit', {}), {
      requestsPerSecond: 10,
      onKeyError: 'ip',
      ipv6PrefixLength: 64,
      maxKeys: 100_000,
      store: 'local',
      onStoreFailure: 'local',
      storeTimeout: '50ms',
      responseHeaders: 'ietf',
      dryRun: false,
    })
  })

  verdicts('rateLimit', [
    [{ requestsPerSecond: 0.5, burst: 30, key: 'jwt.claims.tenant', onKeyError: 'deny', store: 'redis' }],
    [{ key: '[request.host, apiKey.id]', trustedProxies: ['10.0.0.0/8'], ipv6PrefixLength: 128, dryRun: true }],
    [{ requestsPerSecond: 0 }, '/requestsPerSecond range.invalid'],
    [{ requestsPerSecond: '10' }, '/requestsPerSecond type.invalid'],
    [{ burst: 0 }, '/burst range.invalid'],
    [{ burst: 1.5 }, '/burst type.invalid'],
    [{ key: 'claims.tenant' }, '/key cel.invalid'],
    [{ key: '' }, '/key cel.invalid'],
    [{ onKeyError: 'allow' }, '/onKeyError enum.invalid'],
    [{ trustedProxies: ['10.0.0.1'] }, '/trustedProxies/0 cidr.invalid'],
    [{ ipv6PrefixLength: 129 }, '/ipv6PrefixLength range.invalid'],
    [{ maxKeys: 0 }, '/maxKeys range.invalid'],
    [{ store: 'memcached' }, '/store enum.invalid'],
    [{ onStoreFailure: 'ip' }, '/onStoreFailure enum.invalid'],
    [{ storeTimeout: '0s' }, '/storeTimeout duration.range'],
    [{ responseHeaders: true }, '/responseHeaders enum.invalid'],
  ])
})

describe('accessLog', () => {
  const base = { path: 'stdout', onResponse: { fields: { status: `${open}response.status}` } } }

  test('has its defaults', () => {
    assert.deepEqual(defaultsOf('accessLog', base), {
      ...base,
      json: false,
      typed: false,
      redactHeaders: ['authorization', 'cookie', 'set-cookie', 'proxy-authorization', 'x-api-key'],
      sample: 1,
    })
  })

  test('fields keep their order', () => {
    const fields = { z: '', a: '', m: '' }
    const settings = defaultsOf('accessLog', { path: 'stdout', onRequest: { fields } })
    assert.deepEqual(Object.keys((settings as { onRequest: { fields: object } }).onRequest.fields), ['z', 'a', 'm'])
  })

  const line = (value: string) => ({ path: '/dev/stdout', onRequest: { fields: { f: value } } })
  verdicts('accessLog', [
    [{ path: '/var/log/a.log', preset: 'json-default', rotate: { maxBytes: 1_000_000, keep: 3 }, sample: 0.1 }],
    [{ ...base, json: true, typed: true, redactHeaders: [] }],
    ...[
      'id',
      'request.host',
      'request.header.x-a',
      'request.clientCert.subject',
      'response.status',
      'response.bytes',
      'response.flag',
      'response.header.Content-Type',
      'duration.ms',
      'duration.us',
      'duration.s',
      'upstream.header.x-a',
      'upstream.destination',
      'upstream.endpoint',
      'upstream.duration.ms',
      'tls.version',
      'jwt.claims.sub',
      'route.name',
    ].map((variable) => [line(`${open}${variable}}`)] as const),
    [{ ...base, path: '' }, '/path format.invalid'],
    [{ onResponse: base.onResponse }, '/path field.missing'],
    [{ path: 'stdout' }, ' field.missing'],
    [line(`${open}duration}`), '/onRequest/fields/f template.invalid'],
    [line(open), '/onRequest/fields/f template.invalid'],
    [{ path: 'stdout', onRequest: { fields: { '': 'x' } } }, '/onRequest/fields/ name.invalid'],
    [{ path: 'stdout', onRequest: {} }, '/onRequest/fields field.missing'],
    [{ ...base, sample: 1.1 }, '/sample range.invalid'],
    [{ ...base, rotate: { maxBytes: 10 } }, '/rotate/maxBytes range.invalid'],
    [{ ...base, rotate: { maxBytes: 1024, keep: -1 } }, '/rotate/keep range.invalid'],
    [{ ...base, preset: 'combined' }, '/preset enum.invalid'],
    [{ ...base, redactHeaders: ['a b'] }, '/redactHeaders/0 header.invalid'],
  ])
})

describe('requestLimits', () => {
  test('has its defaults', () => {
    assert.deepEqual(defaultsOf('requestLimits', {}), { requireContentLength: false, bodyIdleTimeout: '30s' })
  })

  verdicts('requestLimits', [
    [
      {
        maxBodyBytes: 1,
        maxUrlBytes: 1,
        maxHeaderCount: 1,
        requireContentLength: true,
        allowedContentTypes: ['Application/JSON', 'image/*'],
        bodyIdleTimeout: '1s',
      },
    ],
    [{ maxBodyBytes: 0 }, '/maxBodyBytes range.invalid'],
    [{ maxUrlBytes: 0 }, '/maxUrlBytes range.invalid'],
    [{ maxHeaderCount: 0 }, '/maxHeaderCount range.invalid'],
    [{ allowedContentTypes: [] }, '/allowedContentTypes range.invalid'],
    [{ allowedContentTypes: ['json'] }, '/allowedContentTypes/0 format.invalid'],
    [{ allowedContentTypes: ['*/*'] }, '/allowedContentTypes/0 format.invalid'],
    [{ allowedContentTypes: ['a/b; c=d'] }, '/allowedContentTypes/0 format.invalid'],
    [{ allowedContentTypes: ['+json'] }, '/allowedContentTypes/0 format.invalid'],
    [{ bodyIdleTimeout: '0s' }, '/bodyIdleTimeout duration.range'],
  ])
})

describe('compression', () => {
  test('has its defaults', () => {
    assert.deepEqual(defaultsOf('compression', {}), {
      algorithms: ['zstd', 'br', 'gzip'],
      minBytes: 1024,
      contentTypes: [
        'text/*',
        'application/json',
        '+json',
        'application/javascript',
        '+xml',
        'image/svg+xml',
        'application/wasm',
      ],
      levels: { zstd: 3, br: 4, gzip: 6 },
    })
  })

  verdicts('compression', [
    [
      {
        algorithms: ['br', 'gzip'],
        minBytes: 0,
        contentTypes: ['+json', 'text/event-stream'],
        levels: { zstd: 22, br: 11, gzip: 9 },
      },
    ],
    [{ algorithms: [] }, '/algorithms range.invalid'],
    [{ algorithms: ['deflate'] }, '/algorithms/0 enum.invalid'],
    [{ algorithms: ['br', 'br'] }, '/algorithms/1 list.repeated'],
    [{ minBytes: -1 }, '/minBytes range.invalid'],
    [{ contentTypes: ['json'] }, '/contentTypes/0 format.invalid'],
    [{ levels: { zstd: 23 } }, '/levels/zstd range.invalid'],
    [{ levels: { br: 12 } }, '/levels/br range.invalid'],
    [{ levels: { gzip: 0 } }, '/levels/gzip range.invalid'],
    [{ levels: { deflate: 1 } }, '/levels/deflate field.unknown'],
  ])
})
