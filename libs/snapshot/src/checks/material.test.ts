import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, test } from 'node:test'
import { Destination, Listener, type Problem } from '@vrata/model'
import { caPem, leafKey, leafPem, otherKey } from '@vrata/testkit'
import type { Entities } from '../parse.ts'
import { atOnce } from '../slices.ts'
import { line } from '../test-config.ts'
import { checkMaterial } from './material.ts'

const day = 24 * 3_600_000
const end = new X509Certificate(leafPem).validToDate.getTime()
const good = { cert: leafPem, key: leafKey }

function check(entities: Partial<Entities>, nowMs = end - 31 * day): Problem[] {
  const problems: Problem[] = []
  const none = { listeners: [], destinations: [], routes: [], groups: [], middlewares: [] }
  atOnce(checkMaterial({ ...none, ...entities }, nowMs, problems))
  return problems
}

const listener = (tls: unknown) => ({ listeners: [Listener.parse({ id: 'l', port: 1, tls })] })
const destination = (tls: unknown) => ({
  destinations: [Destination.parse({ id: 'd', host: 'h', port: 1, options: { tls } })],
})

describe('certificates and keys', () => {
  const cases: readonly (readonly [string, Partial<Entities>, readonly string[]])[] = [
    [
      'of a listener that fit',
      listener({ ...good, certificates: [good], clientAuth: { mode: 'require', ca: caPem } }),
      [],
    ],
    [
      'of a listener that do not fit',
      listener({ cert: leafPem, key: otherKey }),
      ['error tls.material listener/l /tls/key'],
    ],
    ['of a listener that are no PEM', listener({ cert: 'c', key: 'k' }), ['error tls.material listener/l /tls/cert']],
    [
      'of further pairs of a listener',
      listener({ ...good, certificates: [good, { cert: leafPem, key: 'k' }] }),
      ['error tls.material listener/l /tls/certificates/1/key'],
    ],
    [
      'of the authorities of clients',
      listener({ ...good, clientAuth: { mode: 'require', ca: 'x' } }),
      ['error tls.material listener/l /tls/clientAuth/ca'],
    ],
    ['of a destination that fit', destination({ mode: 'mtls', ...good, ca: caPem }), []],
    [
      'of a destination that do not fit',
      destination({ mode: 'mtls', cert: leafPem, key: otherKey, ca: leafKey }),
      ['error tls.material destination/d /options/tls/key', 'error tls.material destination/d /options/tls/ca'],
    ],
  ]
  for (const [name, entities, problems] of cases) {
    test(name, () => assert.deepEqual(check(entities).map(line), problems))
  }

  test('near their end are warned of, and past it are still no error, so that a roll-back works', () => {
    for (const nowMs of [end - 29 * day, end + day]) {
      assert.deepEqual(check(listener(good), nowMs).map(line), ['warning cert.expiring listener/l /tls/cert'])
      assert.deepEqual(check(destination({ mode: 'tls', ca: leafPem }), nowMs).map(line), [
        'warning cert.expiring destination/d /options/tls/ca',
      ])
    }
  })
})
