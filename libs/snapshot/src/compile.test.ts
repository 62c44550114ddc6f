import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { SnapshotConfig } from '@vrata/model'
import { compileSnapshot, compileSnapshotInSlices } from './compile.ts'
import { config, destination, group, line, listener, middleware, route } from './test-config.ts'

const forwarding = (...destinationIds: string[]) => ({
  destinations: destinationIds.map((destinationId) => ({ destinationId, weight: 100 / destinationIds.length })),
})

/** What is changed in a good configuration, and every problem that it must have. */
type Case = readonly [string, Partial<SnapshotConfig>, readonly string[]]

describe('problems of a snapshot', () => {
  const cases: readonly Case[] = [
    ['there are none', {}, []],
    ['an empty one has none', { listeners: [], destinations: [], routes: [] }, []],
    [
      'a field that does not exist',
      { routes: [route({ match: { pathPrefix: '/r', ...{ pathPrefx: '/x' } } })] },
      ['error field.unknown route/r /match/pathPrefx'],
    ],
    [
      'a duration that is none',
      { listeners: [listener({ timeouts: { clientHeader: '10 sec' } })] },
      ['error duration.invalid listener/l /timeouts/clientHeader'],
    ],
    [
      'a regex that does not compile',
      { routes: [route({ match: { pathRegex: '(' } })] },
      ['error regex.invalid route/r /match/pathRegex'],
    ],
    [
      'an expression that does not compile',
      { routes: [route({ match: { cel: 'request.pth == "/"' } })] },
      ['error cel.invalid route/r /match/cel'],
    ],
    [
      'two ways to match the path',
      { routes: [route({ match: { path: '/a', pathPrefix: '/b' } })] },
      ['error exclusive.fields route/r /match/pathPrefix'],
    ],
    [
      'weights that do not sum to 100',
      {
        destinations: [destination(), destination({ id: 'e' })],
        routes: [
          route({
            forward: {
              destinations: [
                { destinationId: 'd', weight: 60 },
                { destinationId: 'e', weight: 30 },
              ],
            },
          }),
        ],
      },
      ['error weights.sum route/r /forward/destinations'],
    ],
    [
      'a middleware of an unknown type',
      { middlewares: [middleware({ type: 'jtw' })] },
      ['error enum.invalid middleware/m /type'],
    ],
    [
      'two routes of one id',
      { routes: [route(), route({ match: { pathPrefix: '/other' } })] },
      ['error id.duplicate route/r /id'],
    ],
    ['no name', { destinations: [destination({ name: '' })] }, ['warning name.missing destination/d /name']],
    [
      'one name twice',
      { listeners: [listener({ id: 'b', name: 'web', port: 1 }), listener({ id: 'a', name: 'web', port: 2 })] },
      ['warning name.duplicate listener/b /name'],
    ],
    [
      'a destination that nobody uses',
      { destinations: [destination(), destination({ id: 'e' })] },
      ['warning entity.unused destination/e '],
    ],
    [
      'a middleware that nobody uses, even one without behaviour',
      { middlewares: [middleware()] },
      ['warning entity.unused middleware/m '],
    ],
    [
      'a group without routes',
      { groups: [group({ routeIds: [] })] },
      ['info route.ungrouped route/r ', 'warning entity.unused group/g '],
    ],
    [
      'a listener without routes',
      { listeners: [listener(), listener({ id: 'k', port: 9 })], routes: [route({ listenerIds: ['l'] })] },
      ['warning listener.unrouted listener/k '],
    ],
    [
      'a route that can never win',
      { routes: [route(), route({ id: 's', match: { pathPrefix: '/r', methods: ['GET'] }, priority: -1 })] },
      ['warning route.shadowed route/s /match'],
    ],
    [
      'a route outside of all groups',
      { routes: [route(), route({ id: 's' })], groups: [group()] },
      ['info route.ungrouped route/s '],
    ],
  ]
  for (const [name, changes, problems] of cases) {
    test(name, () => {
      const compilation = compileSnapshot(config(changes))
      assert.deepEqual(compilation.problems.map(line), problems)
      const refused = compilation.problems.some((problem) => problem.severity === 'error')
      assert.equal(compilation.compiled === undefined, refused)
    })
  }

  test('name what exists with a similar id', () => {
    const { problems } = compileSnapshot(config({ routes: [route({ forward: forwarding('dd') })] }))
    const missing = problems.find((problem) => problem.code === 'reference.missing')
    assert.equal(missing?.message, 'destination "dd" does not exist')
    assert.equal(missing?.suggestion, 'd')
    assert.deepEqual(missing?.entity, { kind: 'route', id: 'r', name: 'route r' })
  })

  test('come sorted by kind, id and pointer', () => {
    const { problems } = compileSnapshot(
      config({
        routes: [
          route({ id: 'b', middlewareIds: ['x'], listenerIds: ['y'] }),
          route({ id: 'a', middlewareIds: ['x'] }),
        ],
        listeners: [listener({ port: 0 })],
      }),
    )
    assert.deepEqual(problems.filter((problem) => problem.severity === 'error').map(line), [
      'error range.invalid listener/l /port',
      'error reference.missing route/a /middlewareIds/0',
      'error reference.missing route/b /listenerIds/0',
      'error reference.missing route/b /middlewareIds/0',
    ])
  })

  test('of a broken entity do not make those that name it look wrong as well', () => {
    const { problems } = compileSnapshot(config({ destinations: [destination({ port: 0 })] }))
    assert.deepEqual(problems.map(line), ['error range.invalid destination/d /port'])
  })

  test('that only warn are left out on demand', () => {
    const { compiled, problems } = compileSnapshot(config({ middlewares: [middleware({ name: '' })] }), {
      warnings: false,
    })
    assert.deepEqual(problems, [])
    assert.ok(compiled)
  })
})

describe('references', () => {
  const cases: readonly (readonly [string, Partial<SnapshotConfig>])[] = [
    ['route/r /forward/destinations/1/destinationId', { routes: [route({ forward: forwarding('d', 'x') })] }],
    [
      'route/r /forward/mirror/destinationId',
      { routes: [route({ forward: { ...forwarding('d'), mirror: { destinationId: 'x', percentage: 0 } } })] },
    ],
    ['route/r /middlewareIds/0', { routes: [route({ middlewareIds: ['x'] })] }],
    ['route/r /listenerIds/1', { routes: [route({ listenerIds: ['l', 'x'] })] }],
    ['group/g /routeIds/1', { groups: [group({ routeIds: ['r', 'x'] })] }],
    ['group/g /middlewareIds/0', { groups: [group({ middlewareIds: ['x'] })] }],
    ['group/g /listenerIds/0', { groups: [group({ listenerIds: ['x'] })] }],
    [
      'middleware/m /extAuthz/destinationId',
      { middlewares: [middleware({ type: 'extAuthz', extAuthz: { destinationId: 'x' } })] },
    ],
    [
      'middleware/m /jwt/jwksDestinationId',
      {
        middlewares: [
          middleware({
            type: 'jwt',
            jwt: { issuer: 'https://id', audiences: ['a'], jwksDestinationId: 'x', jwksPath: '/keys' },
          }),
        ],
      },
    ],
  ]
  for (const [place, changes] of cases) {
    test(`that lead nowhere are found at ${place}`, () => {
      const { compiled, problems } = compileSnapshot(config(changes))
      const errors = problems.filter((problem) => problem.severity === 'error').map(line)
      assert.deepEqual(errors, [`error reference.missing ${place}`])
      assert.equal(compiled, undefined)
    })
  }

  test('of middlewares count as use of a destination', () => {
    const extAuthz = middleware({ type: 'extAuthz', extAuthz: { destinationId: 'e' } })
    const { problems } = compileSnapshot(
      config({ destinations: [destination(), destination({ id: 'e' })], middlewares: [extAuthz] }),
    )
    assert.deepEqual(problems.map(line), ['warning entity.unused middleware/m '])
  })
})

describe('overrides', () => {
  test('of one type are refused on another', () => {
    const overrides = { m: { headers: {} }, j: { headers: {} } }
    const middlewares = [middleware(), middleware({ id: 'j', type: 'cors' })]
    for (const changes of [
      { routes: [route({ middlewareOverrides: overrides })] },
      { groups: [group({ middlewareOverrides: overrides })] },
    ]) {
      const errors = compileSnapshot(config({ middlewares, ...changes })).problems.filter(
        (problem) => problem.severity === 'error',
      )
      const owner = 'groups' in changes ? 'group/g' : 'route/r'
      assert.deepEqual(errors.map(line), [`error override.type ${owner} /middlewareOverrides/j/headers`])
    }
  })
})

describe('what is compiled', () => {
  test('has an action for each entry of its table, by index', () => {
    const { compiled } = compileSnapshot(
      config({
        destinations: [destination(), destination({ id: 'e' })],
        routes: [
          route({ forward: { ...forwarding('d', 'e'), timeouts: { request: '2s', idle: '0s' } } }),
          route({ id: 'redirecting', redirect: { scheme: 'https' } }),
          route({ id: 'answering', directResponse: { status: 418, body: 'teapot' } }),
        ],
        groups: [group({ id: 'one', pathPrefix: '/one' }), group({ id: 'two', pathPrefix: '/two' })],
      }),
    )
    assert.ok(compiled)
    assert.equal(compiled.table.entries.length, 4)
    const kinds = compiled.table.entries.map((entry) => `${entry.route.id} ${compiled.actions[entry.index]?.kind}`)
    assert.deepEqual(kinds.sort(), ['answering directResponse', 'r forward', 'r forward', 'redirecting redirect'])
    const forward = compiled.actions.find((action) => action.kind === 'forward')
    assert.ok(forward)
    assert.deepEqual(
      forward.destinations.map(({ destination: { id, host }, weight }) => [id, host, weight]),
      [
        ['d', '10.0.0.1', 50],
        ['e', '10.0.0.1', 50],
      ],
    )
    assert.deepEqual(forward.timeouts, {
      requestMs: 2000,
      idleMs: undefined,
      queueMs: 5000,
      includeBody: false,
      maxGrpcTimeoutMs: undefined,
    })
    const answer = compiled.actions.find((action) => action.kind === 'directResponse')
    assert.equal(answer?.response.status, 418)
  })

  test('knows listeners and destinations by id, with their defaults filled in', () => {
    const { compiled } = compileSnapshot(config())
    assert.equal(compiled?.listeners.get('l')?.address, '0.0.0.0')
    assert.equal(compiled?.destinations.get('d')?.options.timeouts.connect, '5s')
  })
})

describe('compiling in slices', () => {
  test('finds the same problems and compiles the same', async () => {
    const broken = config({ routes: [route({ forward: forwarding('x') }), route({ id: 's', match: { cel: 'nope' } })] })
    const sliced = await compileSnapshotInSlices(broken, { pause: async () => undefined, budgetMs: 0 })
    assert.deepEqual(sliced, compileSnapshot(broken))
    const good = await compileSnapshotInSlices(config(), { pause: async () => undefined, budgetMs: 0 })
    assert.deepEqual(
      good.compiled?.table.entries.map((entry) => entry.route.id),
      ['r'],
    )
  })

  test('gives way many times', async () => {
    const routes = Array.from({ length: 500 }, (_, index) => route({ id: `r-${index}` }))
    let pauses = 0
    await compileSnapshotInSlices(config({ routes }), { pause: async () => void pauses++, budgetMs: 0 })
    assert.ok(pauses > 2000, `${pauses} pauses`)
  })
})

test('strings that came from secrets are quoted in no problem, also when the snapshot is compiled again', () => {
  const secret = 'hush-(-hush'
  const broken = config({ routes: [route({ match: { pathRegex: secret } })], groups: [group({ pathRegex: secret })] })
  const secretPointers = [
    { kind: 'route', id: 'r', pointer: '/match/pathRegex', fingerprint: 'f' },
    { kind: 'group', id: 'g', pointer: '/pathRegex', fingerprint: 'f' },
  ] as const
  const { problems } = compileSnapshot(broken, { secretPointers })
  assert.deepEqual(problems.map(line), [
    'error regex.invalid route/r /match/pathRegex',
    'error regex.invalid group/g /pathRegex',
  ])
  assert.ok(!JSON.stringify(problems).includes('hush'))
})
