import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, test } from 'node:test'
import { caPem, leafKey, leafPem, lockedKey, otherKey, weakKey, weakPem } from '@vrata/testkit'
import { checkCaBundle, checkKeyPair, expiryWarning, keyPairError } from './material.ts'

describe('a certificate and its key', () => {
  const cases: readonly {
    readonly name: string
    readonly cert: string
    readonly key: string
    readonly part?: 'cert' | 'key'
    readonly message?: RegExp
  }[] = [
    { name: 'a leaf with its key is fine', cert: leafPem, key: leafKey },
    { name: 'a chain, leaf first, is fine', cert: leafPem + caPem, key: leafKey },
    { name: 'text around the blocks is fine', cert: `bag\n${leafPem}\nend`, key: leafKey },
    { name: 'another key is refused', cert: leafPem, key: otherKey, part: 'key', message: /not the private key/ },
    {
      name: 'a chain that begins with the issuer is refused',
      cert: caPem + leafPem,
      key: leafKey,
      part: 'key',
      message: /not the private key/,
    },
    {
      name: 'a chain with a stranger in it is refused',
      cert: leafPem + weakPem,
      key: leafKey,
      part: 'cert',
      message: /certificate 2 did not issue certificate 1/,
    },
    { name: 'text that is no PEM is refused', cert: 'c', key: leafKey, part: 'cert', message: /no PEM certificate/ },
    { name: 'a key that is no PEM is refused', cert: leafPem, key: 'k', part: 'key', message: /no PEM private key/ },
    { name: 'a locked key is refused', cert: leafPem, key: lockedKey, part: 'key', message: /passphrase/ },
    {
      name: 'a key among the certificates is refused',
      cert: leafPem + leafKey,
      key: leafKey,
      part: 'cert',
      message: /PRIVATE KEY where only certificates/,
    },
    {
      name: 'a damaged certificate is refused',
      cert: leafPem.replace(/^MII/m, 'MIX'),
      key: leafKey,
      part: 'cert',
      message: /certificate 1 cannot be read/,
    },
    {
      name: 'a damaged key is refused',
      cert: leafPem,
      key: leafKey.replace(/^MI/m, 'XX'),
      part: 'key',
      message: /cannot be read/,
    },
    {
      name: 'a key that TLS finds too weak is refused',
      cert: weakPem,
      key: weakKey,
      part: 'cert',
      message: /too small/,
    },
  ]
  for (const { name, cert, key, part, message } of cases) {
    test(name, () => {
      const error = keyPairError(cert, key)
      assert.equal(error?.part, part)
      if (message) assert.match(error?.message ?? '', message)
    })
  }

  test('a sentence names the part', () => {
    assert.equal(checkKeyPair(leafPem, otherKey), 'the key is not the private key of the certificate')
    assert.equal(checkKeyPair(leafPem, leafKey), undefined)
  })
})

describe('a CA bundle', () => {
  test('of several certificates is fine', () => assert.equal(checkCaBundle(caPem + weakPem), undefined))
  test('without a certificate is refused', () => assert.match(checkCaBundle('\n') ?? '', /no PEM certificate/))
  test('that holds a key is refused', () => assert.match(checkCaBundle(caPem + otherKey) ?? '', /PRIVATE KEY/))
})

describe('the dates of a certificate', () => {
  const { validToDate, validFromDate } = new X509Certificate(leafPem)
  const day = 24 * 3_600_000
  const cases: readonly (readonly [string, number, RegExp | undefined])[] = [
    ['31 days before the end nothing is said', validToDate.getTime() - 31 * day, undefined],
    [
      '30 days before the end it is said',
      validToDate.getTime() - 30 * day,
      /"CN=gateway.example.com,O=Example" expires on 2036-/,
    ],
    ['after the end it is said', validToDate.getTime(), /expired on 2036-/],
    ['before the beginning it is said', validFromDate.getTime() - 1, /is not valid before/],
  ]
  for (const [name, now, expected] of cases) {
    test(name, () => {
      const warning = expiryWarning(leafPem + caPem, now)
      if (expected) assert.match(warning ?? '', expected)
      else assert.equal(warning, undefined)
    })
  }
})
