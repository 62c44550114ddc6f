import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ForwardedCertificate, forwardedCertificate } from './forwarded-certificate.ts'

const nameless: ForwardedCertificate = { uris: [], dnsNames: [], subject: '', serial: '', hash: 'ab12' }

const rows: readonly [what: string, Partial<ForwardedCertificate>, uri: string | undefined, envoy: string][] = [
  ['nothing', {}, undefined, 'Hash=ab12;Subject=""'],
  ['no hash', { hash: undefined, subject: 'CN=a' }, undefined, 'Subject="CN=a"'],
  ['a URI', { uris: ['spiffe://a/b'] }, 'spiffe://a/b', 'Hash=ab12;Subject="";URI=spiffe://a/b'],
  [
    'several names',
    { uris: ['spiffe://b', 'spiffe://a'], dnsNames: ['a.example', 'b.example'] },
    'spiffe://b;spiffe://a',
    'Hash=ab12;Subject="";URI=spiffe://b;URI=spiffe://a;DNS=a.example;DNS=b.example',
  ],
  [
    'names that look like several',
    { uris: ['x:a;URI=spiffe://b', 'x:"a, b'], dnsNames: ['a;b'] },
    'x:a%3BURI=spiffe://b;x:%22a%2C%20b',
    'Hash=ab12;Subject="";URI=x:a%3BURI=spiffe://b;URI=x:%22a%2C%20b;DNS=a%3Bb',
  ],
  ['names that are no ASCII', { uris: ['x:é\r\n'] }, 'x:%C3%A9%0D%0A', 'Hash=ab12;Subject="";URI=x:%C3%A9%0D%0A'],
  [
    'a subject with quotes and more',
    { subject: 'CN=a\\, "b"\n;é' },
    undefined,
    'Hash=ab12;Subject="CN=a\\\\, \\"b\\"%0A;%C3%A9"',
  ],
]

for (const [what, differs, uri, envoy] of rows) {
  test(`upstreams are told of a certificate with ${what}`, () => {
    const certificate = { ...nameless, ...differs }
    assert.equal(forwardedCertificate(certificate, 'uri'), uri)
    assert.equal(forwardedCertificate(certificate, 'envoy'), envoy)
  })
}
