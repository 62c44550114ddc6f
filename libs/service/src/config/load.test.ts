// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the configuration file writes its references so
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { ControlPlaneConfig, ProxyConfig } from './file.ts'
import { loadConfig, parseConfig } from './load.ts'
import { ConfigError } from './problems.ts'

const key = Buffer.alloc(32, 7).toString('base64')

function problemsOf(
  run: () => unknown,
): { readonly pointer: string; readonly message: string; readonly suggestion?: string }[] {
  try {
    run()
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown
    return thrown.problems.map(({ pointer, message, suggestion }) => ({
      pointer,
      message,
      ...(suggestion === undefined ? {} : { suggestion }),
    }))
  }
  return []
}

function controlPlane(yaml: string, env: Record<string, string> = {}) {
  return parseConfig(yaml, ControlPlaneConfig, { env })
}

function proxy(yaml: string, env: Record<string, string> = {}) {
  return parseConfig(yaml, ProxyConfig, { env })
}

describe('defaults', () => {
  test('of the control plane apply to an empty file', () => {
    const { config } = controlPlane('# nothing but a comment\n')
    assert.equal(config.mode, 'controlplane')
    assert.deepEqual(config.log, { format: 'console', level: 'info' })
    assert.deepEqual(config.controlPlane, {
      address: ':8080',
      storePath: '/data',
      shutdownTimeout: 5000,
      probes: { address: '' },
      limits: { bodyBytes: 1048576, configBodyBytes: 67108864, requestTimeout: 30_000, headerTimeout: 10_000 },
      secrets: { env: { allow: [] }, file: { allow: [] } },
      snapshots: { retention: { maxCount: 0 } },
      cors: { allowOrigins: [] },
      fleet: { heartbeatTimeout: 45_000 },
      audit: { maxAge: 2160 * 3_600_000 },
    })
  })

  test('of the proxy apply beside the address it must have', () => {
    const { config } = proxy('proxy: {controlPlaneUrl: "http://cp:8080/"}')
    assert.equal(config.mode, 'proxy')
    assert.deepEqual(config.proxy, {
      controlPlaneUrl: ['http://cp:8080'],
      labels: {},
      reconnectInterval: 5000,
      reconnectMax: 30_000,
      celBodyMaxSize: 65_536,
      apiKey: '',
      storePath: '/data',
      admin: { address: '127.0.0.1:9901' },
      workers: 1,
      streamDrain: 600_000,
      preStopDelay: 0,
      metrics: { maxSeries: 20_000 },
    })
  })

  test('of the session store apply to what is left out', () => {
    const { config } = controlPlane('sessionStore: {type: redis, redis: {password: p}}')
    assert.deepEqual(config.sessionStore, {
      type: 'redis',
      timeout: 50,
      redis: { address: 'localhost:6379', password: 'p', db: 0 },
    })
  })
})

describe('values that are accepted', () => {
  const base = 'proxy: {controlPlaneUrl: "http://a"'
  const cases: readonly (readonly [string, (config: ProxyConfig) => unknown, unknown])[] = [
    [
      'proxy: {controlPlaneUrl: ["http://a", "https://b:1/"]}',
      (c) => c.proxy.controlPlaneUrl,
      ['http://a', 'https://b:1'],
    ],
    [`${base}, reconnectInterval: 1m30s, reconnectMax: 2m}`, (c) => c.proxy.reconnectInterval, 90_000],
    [`${base}, celBodyMaxSize: 0}`, (c) => c.proxy.celBodyMaxSize, 0],
    [`${base}, tls: {ca: /etc/ca.pem}}`, (c) => c.proxy.tls, { ca: '/etc/ca.pem' }],
    [`${base}, admin: {address: ""}}`, (c) => c.proxy.admin.address, ''],
    [`${base}, admin: {address: "[::1]:9901"}}`, (c) => c.proxy.admin.address, '[::1]:9901'],
    [`${base}, streamDrain: 0}`, (c) => c.proxy.streamDrain, 0],
    [`${base}}\ncontrolPlane: {encryption: {key: ${key}}}`, (c) => c.controlPlane.encryption, { keys: [key] }],
    [`${base}}\ncontrolPlane: {encryption: {keys: [${key}]}}`, (c) => c.controlPlane.encryption, { keys: [key] }],
    [
      `${base}}\ncontrolPlane: {snapshots: {retention: {maxAge: 24h}}}`,
      (c) => c.controlPlane.snapshots.retention.maxAge,
      86_400_000,
    ],
    [
      `${base}}\ncontrolPlane: {snapshots: {retention: {maxAge: ""}}}`,
      (c) => c.controlPlane.snapshots.retention.maxAge,
      undefined,
    ],
    [`${base}}\ncontrolPlane:\nlog:\n`, (c) => c.log.level, 'info'],
    [`${base}}\nsessionStore: {type: ""}`, (c) => c.sessionStore?.type, ''],
  ]
  for (const [yaml, pick, expected] of cases) {
    test(yaml.replaceAll('\n', ' ⏎ '), () => assert.deepEqual(pick(proxy(yaml).config), expected))
  }
})

describe('values that are refused', () => {
  const cases: readonly (readonly [string, string, RegExp, string?])[] = [
    ['mode: proxy', '/mode', /belongs to the proxy/],
    ['mode: other', '/mode', /must be controlplane or proxy/],
    ['controlplane: {}', '/controlplane', /unknown key/, 'controlPlane'],
    ['controlPlane: {adress: ":1"}', '/controlPlane/adress', /unknown key/, 'address'],
    [
      'controlPlane: {auth: {apiKeys: [{name: a, key: b, rol: read}]}}',
      '/controlPlane/auth/apiKeys/0/rol',
      /unknown key/,
      'role',
    ],
    ['controlPlane: {address: "8080"}', '/controlPlane/address', /not host:port/],
    ['controlPlane: {address: ":70000"}', '/controlPlane/address', /not host:port/],
    ['controlPlane: {tls: {cert: a}}', '/controlPlane/tls/key', /is required/],
    ['controlPlane: {tls: {key: a, cert: }}', '/controlPlane/tls/cert', /is required/],
    [
      'controlPlane: {tls: {cert: a, key: b, clientAuth: require}}',
      '/controlPlane/tls/ca',
      /required when clientAuth is require/,
    ],
    [
      'controlPlane: {tls: {cert: a, key: b, clientAuth: requir}}',
      '/controlPlane/tls/clientAuth',
      /must be one of/,
      'require',
    ],
    ['controlPlane: {auth: }', '/controlPlane/auth/apiKeys', /is required/],
    ['controlPlane: {auth: {apiKeys: []}}', '/controlPlane/auth/apiKeys', /at least one key/],
    ['controlPlane: {auth: {apiKeys: [{name: a, key: ""}]}}', '/controlPlane/auth/apiKeys/0/key', /must not be empty/],
    [
      'controlPlane: {auth: {apiKeys: [{name: a, key: b}, {name: a, key: c}]}}',
      '/controlPlane/auth/apiKeys/1/name',
      /repeats/,
    ],
    [
      'controlPlane: {auth: {apiKeys: [{name: a, key: b}, {name: c, key: b}]}}',
      '/controlPlane/auth/apiKeys/1/key',
      /repeats/,
    ],
    [
      'controlPlane: {auth: {apiKeys: [{name: a, key: b, role: admin}]}}',
      '/controlPlane/auth/apiKeys/0/role',
      /must be one of read, write, proxy/,
    ],
    ['controlPlane: {encryption: }', '/controlPlane/encryption', /needs key or keys/],
    ['controlPlane: {encryption: {key: ""}}', '/controlPlane/encryption/key', /exactly 32 bytes/],
    ['controlPlane: {encryption: {key: YWJj}}', '/controlPlane/encryption/key', /exactly 32 bytes/],
    [`controlPlane: {encryption: {key: ${key}, keys: [${key}]}}`, '/controlPlane/encryption', /either key or keys/],
    ['controlPlane: {raft: {nodeId: a, bindAddress: ":7000"}}', '/controlPlane/raft/peers', /unless discovery.dns/],
    [
      'controlPlane: {raft: {nodeId: a, bindAddress: ":7000", peers: ["b:1"]}}',
      '/controlPlane/raft/peers/0',
      /not id=host:port/,
    ],
    [
      'controlPlane: {raft: {nodeId: a, bindAddress: ":1", peers: ["b=c:1"]}, etcd: {endpoints: ["http://e:1"]}}',
      '/controlPlane/etcd',
      /not both/,
    ],
    ['controlPlane: {limits: {bodyBytes: 0}}', '/controlPlane/limits/bodyBytes', /at least 1/],
    ['controlPlane: {limits: {bodyBytes: "7"}}', '/controlPlane/limits/bodyBytes', /must be a number, not text/],
    ['controlPlane: {limits: {bodyBytes: 1.5}}', '/controlPlane/limits/bodyBytes', /whole number/],
    ['controlPlane: {shutdownTimeout: 10 sec}', '/controlPlane/shutdownTimeout', /"10 sec" is not a duration/, '10s'],
    ['controlPlane: {shutdownTimeout: -5s}', '/controlPlane/shutdownTimeout', /is not a duration/],
    ['controlPlane: {shutdownTimeout: 5}', '/controlPlane/shutdownTimeout', /is not a duration/, '5s'],
    [
      'controlPlane: {snapshots: {retention: {maxAge: soon}}}',
      '/controlPlane/snapshots/retention/maxAge',
      /"soon" is not a duration/,
    ],
    ['controlPlane: {secrets: {file: {allow: [etc]}}}', '/controlPlane/secrets/file/allow/0', /absolute directory/],
    [
      'controlPlane: {cors: {allowOrigins: ["https://a/b"]}}',
      '/controlPlane/cors/allowOrigins/0',
      /must be an origin/,
      'https://a',
    ],
    ['controlPlane: []', '/controlPlane', /must be a mapping, not a list/],
    ['log: {level: trace}', '/log/level', /must be one of debug, info, warn, error/],
    ['log: {format: jsn}', '/log/format', /must be one of console, json/, 'json'],
    ['sessionStore: {type: memcached}', '/sessionStore/type', /must be one of redis/],
    ['sessionStore: {type: redis}', '/sessionStore/redis', /is required when type is redis/],
    [
      'sessionStore: {type: redis, redis: {password: 5}}',
      '/sessionStore/redis/password',
      /must be text, not a number \(put it in quotes\)/,
    ],
    ['sessionStore: {type: redis, redis: {address: "a:1", url: "redis://a"}}', '/sessionStore/redis/url', /not both/],
    ['proxy: {reconnectInterval: 0s}', '/proxy/reconnectInterval', /longer than zero/],
    ['proxy: {reconnectInterval: 1m}', '/proxy/reconnectMax', /not be shorter than reconnectInterval/],
    ['proxy: {celBodyMaxSize: -1}', '/proxy/celBodyMaxSize', /at least 0/],
    ['proxy: {tls: {cert: a}}', '/proxy/tls/key', /required beside cert/],
    ['proxy: {controlPlaneUrl: "cp:8080"}', '/proxy/controlPlaneUrl', /must be a URL/],
    ['proxy: {controlPlaneUrl: "http://user:pass@cp"}', '/proxy/controlPlaneUrl', /user or password.*proxy\.apiKey/],
    ['proxy: {controlPlaneUrl: ["http://a", "http://cp/?token=x"]}', '/proxy/controlPlaneUrl', /without \? and #/],
    ['proxy: {controlPlaneUrl: "http://cp/#x"}', '/proxy/controlPlaneUrl', /without \? and #/],
    ['proxy: {apiKey: "a\\nb"}', '/proxy/apiKey', /printable ASCII/],
    ['proxy: {apiKey: "schlüssel"}', '/proxy/apiKey', /printable ASCII/],
    [
      'sessionStore: {type: redis, redis: {url: "redis://a/session"}}',
      '/sessionStore/redis/url',
      /number of a database/,
    ],
    ['sessionStore: {type: redis, redis: {url: "redis://:p%ZZ@a"}}', '/sessionStore/redis/url', /percent-encoded/],
    ['proxy: {encryption: }', '/proxy/encryption/key', /is required/],
    ['proxy: {workers: 0}', '/proxy/workers', /at least 1/],
    ['proxy: {workers: 257}', '/proxy/workers', /at most 256/],
    ['proxy: {workers: 1.5}', '/proxy/workers', /whole number/],
    ['proxy: {workers: many}', '/proxy/workers', /must be a number/],
    ['proxy: {labels: {"a b": x}}', '/proxy/labels/a b', /a label is/],
  ]
  for (const [yaml, pointer, message, suggestion] of cases) {
    test(yaml, () => {
      const problems = problemsOf(() => controlPlane(yaml))
      assert.deepEqual(
        problems.map((problem) => problem.pointer),
        [pointer],
      )
      assert.match(problems[0]?.message ?? '', message)
      assert.equal(problems[0]?.suggestion, suggestion)
    })
  }

  test('an API key may have blanks around it, as a file with one line has, and is never shown', () => {
    const from = (text: string) =>
      proxy('proxy: {controlPlaneUrl: "http://a", apiKey: "${KEY}"}', { KEY: text }).config.proxy.apiKey
    assert.equal(from(' k-1\n'), 'k-1')
    assert.doesNotMatch(JSON.stringify(problemsOf(() => from('hush\nhush'))), /hush/)
  })

  test('a block that protects something and is left empty is an error, not an absent block', () => {
    const problems = problemsOf(() => controlPlane('controlPlane: {tls: , auth: , encryption: }'))
    assert.deepEqual(problems.map((problem) => problem.pointer).sort(), [
      '/controlPlane/auth/apiKeys',
      '/controlPlane/encryption',
      '/controlPlane/tls/cert',
      '/controlPlane/tls/key',
    ])
  })

  test('a proxy needs the address of a control plane', () => {
    assert.match(problemsOf(() => proxy('log: {level: debug}'))[0]?.message ?? '', /controlPlaneUrl is required/)
  })

  test('a proxy refuses the file of a control plane', () => {
    const problems = problemsOf(() => proxy('mode: controlplane\nproxy: {controlPlaneUrl: "http://a"}'))
    assert.deepEqual(
      problems.map(({ pointer }) => pointer),
      ['/mode'],
    )
  })
})

describe('the environment', () => {
  const fatal: readonly (readonly [string, string])[] = [
    ['controlPlane: {encryption: {key: "${K}"}}', '/controlPlane/encryption/key'],
    ['controlPlane: {encryption: {keys: ["${K}"]}}', '/controlPlane/encryption/keys/0'],
    ['controlPlane: {auth: {apiKeys: [{name: a, key: "${K}"}]}}', '/controlPlane/auth/apiKeys/0/key'],
    ['controlPlane: {tls: {cert: "${K}", key: x}}', '/controlPlane/tls/cert'],
    ['proxy: {tls: {ca: "${K}"}}', '/proxy/tls/ca'],
    ['proxy: {apiKey: "${K}"}', '/proxy/apiKey'],
    ['proxy: {id: "${K:?give it}"}', '/proxy/id'],
  ]
  for (const [yaml, pointer] of fatal) {
    test(`an unset variable is fatal in ${yaml}`, () => {
      assert.deepEqual(
        problemsOf(() => controlPlane(yaml)).map((problem) => problem.pointer),
        [pointer],
      )
    })
  }

  test('an unset variable elsewhere is the empty text and a warning that names the key', () => {
    const { config, warnings } = controlPlane('sessionStore: {type: redis, redis: {password: "${PW}"}}')
    assert.equal(config.sessionStore?.redis?.password, '')
    assert.deepEqual(warnings, [
      'sessionStore.redis.password: the environment variable PW is not set; the empty text is used',
    ])
  })

  test('a fallback works and gives no warning', () => {
    const { config, warnings } = controlPlane('controlPlane: {address: "${ADDRESS:-127.0.0.1:9}"}')
    assert.equal(config.controlPlane.address, '127.0.0.1:9')
    assert.deepEqual(warnings, [])
  })

  test('a whole reference is converted where a number is wanted, and only there', () => {
    const yaml = 'proxy: {celBodyMaxSize: "${N}", id: "${N}", workers: "1${N}"}'
    assert.deepEqual(
      problemsOf(() => controlPlane(yaml, { N: '5' })).map((problem) => problem.pointer),
      ['/proxy/workers'],
    )
    const { config } = controlPlane('proxy: {celBodyMaxSize: "${N}", id: "${N}"}', { N: '5' })
    assert.equal(config.proxy.celBodyMaxSize, 5)
    assert.equal(config.proxy.id, '5')
    assert.match(
      problemsOf(() => controlPlane('proxy: {workers: "${N}"}', { N: 'two' }))[0]?.message ?? '',
      /must be a number/,
    )
    for (const [text, workers] of [
      ['3', 3],
      ['auto', 'auto'],
    ] as const) {
      assert.equal(controlPlane('proxy: {workers: "${N}"}', { N: text }).config.proxy.workers, workers)
    }
  })

  test('a value with quotes, hashes and line breaks changes neither itself nor the file', () => {
    const pem = '-----BEGIN CERTIFICATE-----\na"b\n# c\n-----END CERTIFICATE-----\n'
    const { config } = controlPlane('controlPlane: {tls: {cert: "${PEM}", key: k}}', { PEM: pem })
    assert.equal(config.controlPlane.tls?.cert, pem)
  })

  test('comments and keys are not expanded, and a bare dollar stays', () => {
    const { config } = controlPlane('# ${NOPE:?never}\nsessionStore: {type: redis, redis: {password: pa$$w0rd$x}}')
    assert.equal(config.sessionStore?.redis?.password, 'pa$$w0rd$x')
  })

  test('variables that feed keys, certificates and passwords are named as sensitive', () => {
    const yaml = `
controlPlane:
  address: "\${HOST:-}:8080"
  encryption: {key: "\${ENC}"}
  auth: {apiKeys: [{name: a, key: "\${API}"}]}
proxy: {apiKey: "\${PROXY}"}
sessionStore: {type: redis, redis: {password: "\${PW}"}}`
    const { sensitiveVariables } = controlPlane(yaml, { ENC: key, API: 'k', PROXY: 'p', PW: 'w' })
    assert.deepEqual([...sensitiveVariables].sort(), ['API', 'ENC', 'PROXY', 'PW'])
  })
})

describe('the file', () => {
  function file(t: TestContext, text: string): string {
    const folder = mkdtempSync(join(tmpdir(), 'vrata-config-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'config.yaml')
    writeFileSync(path, text)
    return path
  }

  test('is read from disk', (t) => {
    assert.equal(loadConfig(file(t, 'log: {level: debug}'), ControlPlaneConfig).config.log.level, 'debug')
  })

  test('that is missing is named', () => {
    assert.throws(
      () => loadConfig('/nonexistent/c.yaml', ControlPlaneConfig),
      /^ConfigError: \/nonexistent\/c\.yaml: the file does not exist$/,
    )
  })

  const bomb = Array.from(
    { length: 9 },
    (_, n) => `a${n}: &a${n} [${`${n === 0 ? 'x' : `*a${n - 1}`},`.repeat(9)}]`,
  ).join('\n')
  const broken: readonly (readonly [string, RegExp])[] = [
    ['a: [', /configuration:1: /],
    ['log: {}\nlog: {}', /configuration:2: Map keys must be unique/],
    ['- a', /must be a mapping/],
    ['just text', /must be a mapping/],
    ['log: {level: debug}\n---\nlog: {}', /document/i],
    ['log: *none', /^ConfigError: configuration: Unresolved alias.*none$/],
    ['log: &a {level: *a}', /^ConfigError: configuration: an alias stands inside what it names$/],
    ['log: &a [*a, *a]', /^ConfigError: configuration: an alias stands inside what it names$/],
    [bomb, /^ConfigError: configuration: Excessive alias count/],
  ]
  for (const [yaml, message] of broken) {
    test(`${JSON.stringify(yaml.slice(0, 40))} is refused`, () => assert.throws(() => controlPlane(yaml), message))
  }

  test('all problems are listed at once, in one line, each with its line number', () => {
    const yaml = 'controlPlane:\n  adress: x\n  storePath: ""\nlog:\n  level: loud\nproxy:\n  apiKey: ${K}\n'
    try {
      controlPlane(yaml)
      assert.fail('was accepted')
    } catch (thrown) {
      assert.ok(thrown instanceof ConfigError)
      assert.deepEqual(thrown.problems.map((problem) => `${problem.line} ${problem.path}`).sort(), [
        '2 controlPlane.adress',
        '3 controlPlane.storePath',
        '5 log.level',
        '7 proxy.apiKey',
      ])
      assert.ok(!thrown.message.includes('\n'))
      assert.match(thrown.message, /^configuration has 4 problems: .*did you mean address\?/)
    }
  })
})
