import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, test } from 'node:test'
import type { SnapshotConfig } from '@vrata/model'
import fc from 'fast-check'
import { type Capture, capture, captureInSlices } from './capture.ts'
import { compileSnapshot } from './compile.ts'
import { redactConfig } from './redact.ts'
import { type SecretPorts, secretErrorText } from './secrets/resolve.ts'
import { config, destination, group, line, listener, middleware, route } from './test-config.ts'

const ports: SecretPorts = {
  env: (name) => (name === 'TOKEN' ? { value: 'from-env' } : { error: 'is not set' }),
  file: () => ({ error: 'does not exist' }),
  fingerprint: (value) => createHmac('sha256', 'key').update(value).digest('hex'),
}

interface TestSecret {
  readonly id: string
  readonly name: string
  readonly value: string
}

const tok: TestSecret = { id: 's-1', name: 'tok', value: 'hush-hush' }

function captured(staged: SnapshotConfig, secrets: readonly TestSecret[] = [tok]): Extract<Capture, { ok: true }> {
  const result = capture({ config: staged, secrets }, ports)
  assert.ok(result.ok, JSON.stringify(result.problems))
  return result
}

/** What of a capture can be compared: functions are never equal. */
function stored({ compiled: _, ...rest }: Extract<Capture, { ok: true }>) {
  return rest
}

function refused(staged: SnapshotConfig, secrets: readonly TestSecret[] = [tok]): readonly string[] {
  const result = capture({ config: staged, secrets }, ports)
  assert.ok(!result.ok)
  return result.problems
    .filter((problem) => problem.severity === 'error')
    .map((problem) => `${line(problem)}: ${problem.message}`)
}

const answering = (body: string) =>
  config({ destinations: [], routes: [route({ directResponse: { status: 200, body } })] })

describe('a capture', () => {
  test('fills secrets in and leaves what is staged alone', () => {
    const staged = answering('Bearer {{secret:value:s-1}}')
    const { config: filled, secretPointers, usedSecrets } = captured(staged)
    assert.equal(filled.routes[0]?.directResponse?.body, 'Bearer hush-hush')
    assert.equal(staged.routes[0]?.directResponse?.body, 'Bearer {{secret:value:s-1}}')
    assert.deepEqual(secretPointers, [
      { kind: 'route', id: 'r', pointer: '/directResponse/body', fingerprint: ports.fingerprint('Bearer hush-hush') },
    ])
    assert.deepEqual([...usedSecrets], [['s-1', ports.fingerprint('hush-hush')]])
  })

  test('takes a secret by its name when that is unique', () => {
    assert.equal(captured(answering('{{secret:value:tok}}')).config.routes[0]?.directResponse?.body, 'hush-hush')
  })

  test('of a configuration without anything is possible', () => {
    const empty = { listeners: [], routes: [], groups: [], destinations: [], middlewares: [] }
    assert.deepEqual(captured(empty).config, empty)
  })

  test('gives warnings beside its result', () => {
    const { problems } = captured(config({ middlewares: [middleware()] }))
    assert.deepEqual(problems.map(line), ['warning entity.unused middleware/m '])
  })

  test('sorts every list by id', () => {
    const staged = config({ routes: ['c', 'a', 'B', 'b'].map((id) => route({ id })) })
    assert.deepEqual(
      captured(staged).config.routes.map(({ id }) => id),
      ['B', 'a', 'b', 'c'],
    )
  })

  test('is compiled: its table answers', () => {
    const { compiled } = captured(config())
    const [entry] = compiled.table.entries
    assert.equal(entry?.route.id, 'r')
    assert.equal(compiled.actions[0]?.kind, 'forward')
  })

  test('in slices comes to the same', async () => {
    const staged = answering('{{secret:value:tok}}')
    const sliced = await captureInSlices({ config: staged, secrets: [tok] }, ports, {
      pause: async () => undefined,
      budgetMs: 0,
    })
    assert.ok(sliced.ok)
    assert.deepEqual(stored(sliced), stored(captured(staged)))
  })
})

describe('a capture is refused for', () => {
  const twins = [tok, { ...tok, id: 's-2' }]
  const cases: readonly (readonly [string, SnapshotConfig, readonly string[], (readonly TestSecret[])?])[] = [
    [
      'an unknown secret',
      answering('{{secret:value:nope}}'),
      ['error secret.unresolved route/r /directResponse/body: secret "nope": does not exist'],
    ],
    [
      'a name that two secrets have',
      answering('{{secret:value:tok}}'),
      ['error secret.ambiguous route/r /directResponse/body: secret "tok": 2 secrets have this name (s-1, s-2)'],
      twins,
    ],
    [
      'an unknown source, anywhere',
      config({ listeners: [listener({ serverName: '{{secret:vault:x}}', name: '{{secret:vault:x}}' })] }),
      [
        'error secret.unresolved listener/l /name: secret references are not filled into keys, ids, names and labels',
        'error secret.unresolved listener/l /serverName: "{{secret:vault:x}}" is not a secret reference: the source is "vault", not value, env or file',
      ],
    ],
    [
      'a destination that does not exist',
      config({ routes: [route({ forward: { destinations: [{ destinationId: 'no-such' }] } })] }),
      ['error reference.missing route/r /forward/destinations/0/destinationId: destination "no-such" does not exist'],
    ],
    [
      'a value that does not fit, once it is filled in',
      config({ listeners: [listener({ timeouts: { clientHeader: '{{secret:env:TOKEN}}' } })] }),
      ['error duration.invalid listener/l /timeouts/clientHeader: the value of the secret is not valid here'],
    ],
    [
      'an escaped reference where text like that cannot stand',
      config({ listeners: [listener({ timeouts: { clientHeader: '{{{{secret:' } })] }),
      ['error duration.invalid listener/l /timeouts/clientHeader: "{{secret:" is not a duration'],
    ],
    [
      'everything at once',
      config({
        listeners: [listener({ serverName: '{{secret:env:NOPE}}' })],
        routes: [route({ match: { pathRegex: '(' } }), route({ id: 's', middlewareIds: ['m'] })],
      }),
      [
        'error secret.unresolved listener/l /serverName: env var "NOPE" is not set',
        'error regex.invalid route/r /match/pathRegex: ',
        'error reference.missing route/s /middlewareIds/0: middleware "m" does not exist',
      ],
    ],
  ]
  for (const [name, staged, expected, secrets] of cases) {
    test(name, () => {
      const found = refused(staged, secrets)
      assert.equal(found.length, expected.length, found.join('\n'))
      for (const [index, start] of expected.entries()) assert.ok(found[index]?.startsWith(start), found[index])
    })
  }

  test('unresolved references with a text that holds each of them', () => {
    const result = capture({ config: answering('{{secret:value:nope}}'), secrets: [] }, ports)
    assert.equal(
      secretErrorText(result.problems),
      'resolving secrets: unresolved secret references:\n  secret "nope": does not exist',
    )
    assert.equal(secretErrorText(captured(config()).problems), undefined)
  })
})

describe('the value of a secret', () => {
  const value = 'hush-hush-(-value'
  const secret = { id: 's-1', name: 'tok', value }
  const reference = '{{secret:value:tok}}'
  const places: readonly (readonly [string, Partial<SnapshotConfig>])[] = [
    ['a regex', { routes: [route({ match: { pathRegex: reference } })] }],
    ['part of a regex', { routes: [route({ match: { pathRegex: `/a${reference}` } })] }],
    ['an expression', { routes: [route({ match: { cel: reference } })] }],
    ['a host name', { routes: [route({ match: { hostnames: [reference] } })] }],
    ['a duration', { listeners: [listener({ timeouts: { clientHeader: reference } })] }],
    ['a host', { destinations: [destination({ host: reference })] }],
    ['a certificate', { destinations: [destination({ options: { tls: { mode: 'tls', ca: reference } } })] }],
    ['a word of a list', { listeners: [listener({ pathNormalization: reference as 'off' })] }],
    ['a group regex', { groups: [group({ pathRegex: reference })] }],
    ['a CIDR', { listeners: [listener({ trustedProxies: [reference] })] }],
    ['a header matcher', { routes: [route({ match: { headers: [{ name: 'x', value: reference, regex: true }] } })] }],
    [
      'a substitution',
      {
        routes: [
          route({
            forward: {
              destinations: [{ destinationId: 'd' }],
              rewrite: { pathRegex: { pattern: reference, substitution: '/' } },
            },
          }),
        ],
      },
    ],
  ]
  for (const [name, changes] of places) {
    test(`is in no message when it does not fit as ${name}`, () => {
      const found = refused(config(changes), [secret])
      assert.ok(found.length > 0)
      for (const problem of found) assert.ok(!/hush|-value/.test(problem), problem)
    })
  }

  test('does not change the hash by itself, but by its fingerprint', () => {
    const hash = (one: TestSecret, fingerprint = ports.fingerprint) => {
      const result = capture({ config: answering('{{secret:value:tok}}'), secrets: [one] }, { ...ports, fingerprint })
      assert.ok(result.ok)
      return result.hash
    }
    assert.notEqual(hash(tok), hash(secret))
    assert.equal(
      hash(tok, () => 'same'),
      hash(secret, () => 'same'),
    )
  })

  test('is hidden in the redacted form', () => {
    const { config: filled, secretPointers } = captured(answering('x {{secret:value:tok}}'))
    const shown = redactConfig(filled, secretPointers)
    assert.equal(shown.routes[0]?.directResponse?.body, `<secret ${ports.fingerprint('x hush-hush').slice(0, 12)}>`)
  })
})

const id = fc.stringMatching(/^[a-z][a-z0-9-]{0,5}$/)
const ids = fc.uniqueArray(id, { minLength: 1, maxLength: 6 })
const path = fc.stringMatching(/^(\/[a-z]{1,3}){1,3}$/)
const text = fc.oneof(fc.string(), fc.constantFrom('{{secret:value:tok}}', 'a {{secret:env:TOKEN}} b', '{{{{secret:x'))
const match = fc.oneof(
  fc.record({ path }),
  fc.record({ pathPrefix: path, methods: fc.subarray(['GET', 'POST']) }),
  path.map((start) => ({ pathRegex: `${start}/[0-9]+` })),
  fc.record({ cel: fc.constantFrom('request.method == "GET"', '"a" in request.headers["x"]') }),
  fc.constant({}),
)

/** Configurations that are meant to be valid, in all the ways that small numbers of entities allow. */
const validConfig: fc.Arbitrary<SnapshotConfig> = fc
  .tuple(ids, ids, ids, ids)
  .chain(([listenerIds, destinationIds, routeIds, groupIds]) => {
    const action = fc.oneof(
      fc
        .constantFrom(...destinationIds)
        .map((destinationId) => ({ forward: { destinations: [{ destinationId, weight: 7 }] } })),
      fc.record({ directResponse: fc.record({ status: fc.integer({ min: 200, max: 599 }), body: text }) }),
      fc.record({ redirect: fc.record({ scheme: fc.constantFrom('http' as const, 'https' as const) }) }),
    )
    const forRoute = (routeId: string) =>
      fc
        .tuple(match, action, fc.subarray(listenerIds))
        .map(([matched, acts, bound]) => ({ id: routeId, name: routeId, match: matched, listenerIds: bound, ...acts }))
    const forGroup = (groupId: string) =>
      fc.tuple(fc.subarray(routeIds), fc.option(path, { nil: undefined })).map(([members, prefix]) => ({
        id: groupId,
        routeIds: members,
        ...(prefix === undefined ? {} : { pathPrefix: prefix }),
      }))
    return fc.record({
      listeners: fc.constant(listenerIds.map((listenerId, index) => listener({ id: listenerId, port: 1000 + index }))),
      destinations: fc.constant(destinationIds.map((destinationId) => destination({ id: destinationId }))),
      routes: fc.tuple(...routeIds.map(forRoute)),
      groups: fc.tuple(...groupIds.map(forGroup)),
      middlewares: fc.constant([middleware()]),
    })
  })

describe('for any valid configuration', () => {
  test('what was captured compiles after its way through JSON', () => {
    fc.assert(
      fc.property(validConfig, (staged) => {
        const result = captured(staged)
        const received: SnapshotConfig = JSON.parse(JSON.stringify(result.config))
        const { compiled, problems } = compileSnapshot(received)
        assert.ok(compiled)
        assert.deepEqual(problems, result.problems)
        assert.ok(compiled.table.entries.every((entry) => compiled.actions[entry.index] !== undefined))
      }),
    )
  })

  test('the order of what is staged changes nothing', () => {
    fc.assert(
      fc.property(validConfig, (staged) => {
        const turned = {
          listeners: staged.listeners.toReversed(),
          destinations: staged.destinations.toReversed(),
          routes: staged.routes.toReversed(),
          groups: staged.groups.toReversed(),
          middlewares: staged.middlewares.toReversed(),
        }
        assert.deepEqual(stored(captured(turned)), stored(captured(staged)))
      }),
    )
  })
})
