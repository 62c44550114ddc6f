import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hasBehaviour } from '@vrata/middlewares'
import {
  type DestinationInput,
  destinationAlgorithms,
  endpointAlgorithms,
  type ListenerInput,
  type RouteInput,
  type SnapshotConfig,
} from '@vrata/model'
import { leafKey, leafPem } from '@vrata/testkit'
import { compileSnapshot } from '../compile.ts'
import { config, destination, group, line, listener, middleware, route } from '../test-config.ts'

function refusals(changes: Partial<SnapshotConfig>): string[] {
  return compileSnapshot(config(changes))
    .problems.filter((problem) => problem.severity === 'error')
    .map(line)
}

type Options = NonNullable<DestinationInput['options']>
type Forward = Omit<NonNullable<RouteInput['forward']>, 'destinations'>

const forwarding = (forward: Forward): RouteInput =>
  route({ forward: { destinations: [{ destinationId: 'd' }], ...forward } })

describe('behaviour that is missing is refused where it is asked for:', () => {
  const listeners: readonly (readonly [string, Partial<ListenerInput>])[] = [['/metrics', { metrics: {} }]]
  for (const [place, changes] of listeners) {
    test(`listener ${place}`, () => {
      assert.deepEqual(refusals({ listeners: [listener(changes)] }), [`error feature.unsupported listener/l ${place}`])
    })
  }

  const destinations: readonly (readonly [string, Options])[] = [
    ['/options/circuitBreaker', { circuitBreaker: {} }],
    ['/options/healthCheck', { healthCheck: { path: '/' } }],
    ['/options/outlierDetection', { outlierDetection: {} }],
    ['/options/discovery', { discovery: { type: 'kubernetes' } }],
    ['/options/slowStart', { slowStart: '10s' }],
  ]
  for (const [place, options] of destinations) {
    test(`destination ${place} ${JSON.stringify(options)}`, () => {
      const found = refusals({ destinations: [destination({ options })] })
      assert.deepEqual(found, [`error feature.unsupported destination/d ${place}`])
    })
  }

  const forwards: readonly (readonly [string, Forward])[] = [
    ['/forward/retry/attempts', { retry: { attempts: 1 } }],
    ['/forward/mirror', { mirror: { destinationId: 'd' } }],
    ['/forward/mirror', { mirror: { destinationId: 'd', percentage: 1 } }],
  ]
  for (const [place, forward] of forwards) {
    test(`route ${place} ${JSON.stringify(forward)}`, () => {
      assert.deepEqual(refusals({ routes: [forwarding(forward)] }), [`error feature.unsupported route/r ${place}`])
    })
  }

  test('group /retryDefault/attempts', () => {
    const found = refusals({ groups: [group({ retryDefault: { attempts: 2 } })] })
    assert.deepEqual(found, ['error feature.unsupported group/g /retryDefault/attempts'])
  })

  const idle = (['cors', 'headers', 'compression'] as const).find((type) => !hasBehaviour(type))
  const skip = idle === undefined && 'every type of middleware has behaviour'
  test('middlewares that are attached and whose type does nothing yet, on routes and on groups', { skip }, () => {
    const found = refusals({
      middlewares: [middleware({ type: idle ?? '', [idle ?? '']: {} })],
      routes: [route({ middlewareIds: ['m'] })],
      groups: [group({ middlewareIds: ['m'] })],
    })
    assert.deepEqual(found, [
      'error feature.unsupported route/r /middlewareIds/0',
      'error feature.unsupported group/g /middlewareIds/0',
    ])
  })
})

describe('what proxies do, what merely writes a default down, or switches off, is not refused:', () => {
  const cases: readonly (readonly [string, Partial<SnapshotConfig>])[] = [
    ['HTTP/2 for clients', { listeners: [listener({ http2: true })] }],
    ['TLS for clients', { listeners: [listener({ tls: { cert: leafPem, key: leafKey } })] }],
    [
      'what the proxy does for listeners',
      {
        listeners: [
          listener({
            serverName: 'edge',
            maxRequestHeadersKB: 64,
            timeouts: { clientHeader: '5s', clientRequest: '10s', idleBetweenRequests: '1m' },
            limits: { maxUrlBytes: 4096, maxBodyBytes: 10 },
            pathNormalization: 'report',
            encodedSlash: 'keep',
            trustedProxies: ['10.0.0.0/8'],
            proxyErrors: { detail: 'full' },
          }),
        ],
      },
    ],
    [
      'what the proxy does for destinations, and defaults',
      {
        destinations: [
          destination({
            options: {
              http2: true,
              slowStart: '0s',
              dns: { mode: 'logical' },
              endpointBalancing: { algorithm: 'ROUND_ROBIN' },
              panicThreshold: 0,
              timeouts: { connect: '1s', request: '2s' },
              maxConnsPerHost: 3,
            },
          }),
        ],
      },
    ],
    ...endpointAlgorithms.map((algorithm): readonly [string, Partial<SnapshotConfig>] => [
      `${algorithm} for endpoints`,
      { destinations: [destination({ options: { endpointBalancing: { algorithm } } })] },
    ]),
    ...destinationAlgorithms.map((algorithm): readonly [string, Partial<SnapshotConfig>] => [
      `${algorithm} for destinations`,
      { routes: [forwarding({ destinationBalancing: { algorithm } })] },
    ]),
    ['name resolution', { destinations: [destination({ options: { dns: { mode: 'strict', refresh: '5s' } } })] }],
    ['TLS to a destination', { destinations: [destination({ options: { tls: { mode: 'tls' } } })] }],
    ['no retries', { routes: [forwarding({ retry: { attempts: 0 } })], groups: [group({ retryDefault: {} })] }],
    ['no mirror', { routes: [forwarding({ mirror: { destinationId: 'd', percentage: 0 } })] }],
  ]
  for (const [name, changes] of cases) test(name, () => assert.deepEqual(refusals(changes), []))
})
