import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ControlPlaneConfig, ProxyConfig } from './file.ts'
import { parseConfig } from './load.ts'
import { unsupportedKeys } from './unsupported.ts'

const key = Buffer.alloc(32, 7).toString('base64')
const url = 'controlPlaneUrl: "http://a"'

describe('keys that this version accepts but does not act on', () => {
  const cases: readonly (readonly [string, 'controlplane' | 'proxy', readonly string[], readonly string[]])[] = [
    ['{}', 'controlplane', [], []],
    ['controlPlane: {tls: {cert: a, key: b}}', 'controlplane', ['controlPlane.tls'], []],
    ['controlPlane: {auth: {apiKeys: [{name: a, key: b}]}}', 'controlplane', ['controlPlane.auth'], []],
    [`controlPlane: {encryption: {key: ${key}}}`, 'controlplane', ['controlPlane.encryption'], []],
    ['controlPlane: {etcd: {endpoints: ["http://e"]}}', 'controlplane', ['controlPlane.etcd'], []],
    [
      'controlPlane: {raft: {nodeId: a, bindAddress: ":1", peers: ["b=c:1"]}}',
      'controlplane',
      ['controlPlane.raft'],
      [],
    ],
    ['controlPlane: {snapshots: {retention: {maxCount: 3}}}', 'controlplane', [], ['controlPlane.snapshots.retention']],
    ['controlPlane: {audit: {maxAge: 24h}}', 'controlplane', [], ['controlPlane.audit']],
    ['controlPlane: {audit: {maxAge: 2160h}}', 'controlplane', [], []],
    [`proxy: {${url}, metrics: {maxSeries: 100}}`, 'proxy', [], ['proxy.metrics']],
    [`proxy: {encryption: {key: ${key}}}`, 'controlplane', [], []],
    [`proxy: {${url}, encryption: {key: ${key}}}`, 'proxy', ['proxy.encryption'], []],
    [`proxy: {${url}, workers: 4, tls: {clientAuth: none}}`, 'proxy', [], ['proxy.tls.clientAuth']],
    [`proxy: {${url}}\nsessionStore: {type: redis, redis: {}}`, 'proxy', [], []],
    [`proxy: {${url}}\nsessionStore: {type: ""}`, 'proxy', [], []],
    [`proxy: {${url}}\ncontrolPlane: {tls: {cert: a, key: b}}`, 'proxy', [], []],
  ]
  for (const [yaml, program, refused, warned] of cases) {
    test(`${program}: ${yaml.replaceAll('\n', ' ⏎ ')}`, () => {
      const schema = program === 'proxy' ? ProxyConfig : ControlPlaneConfig
      const keys = unsupportedKeys(parseConfig(yaml, schema, { env: {} }).config)
      assert.deepEqual(
        keys.filter((found) => found.refuse).map((found) => found.key),
        refused,
      )
      assert.deepEqual(
        keys.filter((found) => !found.refuse).map((found) => found.key),
        warned,
      )
      for (const found of keys)
        assert.ok(found.message.startsWith(`${found.key} is set, but this version`) || warned.includes(found.key))
    })
  }
})
