import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { ask, eventually, freePort, snapshot } from '@vrata/testkit'
import { siteKey, sitePem } from '../listeners/testing/tls-material.ts'
import { startInProcess } from '../testing/in-process.ts'
import { trafficMetrics } from './traffic-metrics.ts'

test('listeners count their connections and failed handshakes, and their series go with them', async (t) => {
  const secure = await freePort()
  const proxy = await startInProcess(t, (s) =>
    s.listener('secure', secure, { tls: { cert: sitePem, key: siteKey } }).respond('r', '/', 'hello'),
  )
  const { listeners } = proxy.activation
  const registry = trafficMetrics({
    get tunnels() {
      return listeners.tunnels
    },
    get listeners() {
      return listeners.reports
    },
    get paths() {
      return listeners.paths
    },
    sessionStoreUp: undefined,
  })
  await ask(proxy.url)
  await ask(`${proxy.url}/a//b`)
  const stranger = connect(secure, '127.0.0.1')
  stranger
    .on('error', () => undefined)
    .resume()
    .end('this is no TLS')
  await new Promise((resolve) => stranger.on('close', resolve))
  await eventually('all connections to be closed', () => listeners.connections === 0)
  const text = await registry.metrics()
  const main = `{listener="main",address="127.0.0.1:${proxy.port}"}`
  const other = `{listener="secure",address="127.0.0.1:${secure}"}`
  for (const line of [
    `vrata_listener_connections_total${main} 2`,
    `vrata_listener_active_connections${main} 0`,
    `vrata_listener_tls_handshake_errors_total${main} 0`,
    `vrata_listener_connections_total${other} 1`,
    `vrata_listener_tls_handshake_errors_total${other} 1`,
    'vrata_path_normalized_total{action="changed"} 1',
  ]) {
    assert.ok(text.split('\n').includes(line), `${line} in\n${text}`)
  }
  await proxy.apply(snapshot().listener('main', proxy.port, { drainTimeout: '0s' }).respond('r', '/', 'hello'))
  assert.doesNotMatch(await registry.metrics(), /listener="secure"/)
})

test('what is counted for all listeners together never falls, whatever listeners go', async (t) => {
  const other = await freePort()
  const proxy = await startInProcess(t, (s) => s.listener('other', other).respond('r', '/', 'hello'))
  const { listeners } = proxy.activation
  const registry = trafficMetrics({
    tunnels: 0,
    get listeners() {
      return listeners.reports
    },
    get paths() {
      return listeners.paths
    },
    sessionStoreUp: undefined,
  })
  const changed = async () => /path_normalized_total\{action="changed"\} (\d+)/.exec(await registry.metrics())?.[1]
  await ask(`${proxy.url}/a//b`)
  await ask(`http://127.0.0.1:${other}/a//b`)
  assert.equal(await changed(), '2')
  await proxy.apply(snapshot().listener('main', proxy.port, { drainTimeout: '0s' }).respond('r', '/', 'hello'))
  await eventually('the listener to be closed', () => listeners.connections === 0)
  assert.equal(await changed(), '2')
  await ask(`${proxy.url}/a//b`)
  assert.equal(await changed(), '3')
})
