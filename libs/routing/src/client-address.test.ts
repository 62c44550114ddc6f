import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { clientAddress, plainAddress, trustOf } from './client-address.ts'

const trusts = trustOf(['10.0.0.0/8', '2001:db8::/32', '192.0.2.7'])

interface Row {
  readonly what: string
  readonly peer: string
  readonly forwardedFor?: string
  readonly client: string
}

const rows: readonly Row[] = [
  { what: 'an untrusted peer is the client', peer: '1.2.3.4', forwardedFor: '9.9.9.9', client: '1.2.3.4' },
  { what: 'a trusted peer without the header is the client', peer: '10.0.0.1', client: '10.0.0.1' },
  { what: 'behind one proxy', peer: '10.0.0.1', forwardedFor: '9.9.9.9', client: '9.9.9.9' },
  { what: 'behind two proxies', peer: '10.0.0.1', forwardedFor: '9.9.9.9, 10.0.0.2', client: '9.9.9.9' },
  {
    what: 'what a client wrote itself stands to the left and is not reached',
    peer: '10.0.0.1',
    forwardedFor: '127.0.0.1, 9.9.9.9, 10.0.0.2',
    client: '9.9.9.9',
  },
  { what: 'all entries trusted', peer: '10.0.0.1', forwardedFor: '10.0.0.3, 10.0.0.2', client: '10.0.0.3' },
  {
    what: 'an entry that is no address stops',
    peer: '10.0.0.1',
    forwardedFor: '9.9.9.9, unknown, 10.0.0.2',
    client: '10.0.0.2',
  },
  { what: 'an empty entry stops', peer: '10.0.0.1', forwardedFor: '9.9.9.9, ', client: '10.0.0.1' },
  { what: 'a port is cut off', peer: '10.0.0.1', forwardedFor: '9.9.9.9:4711', client: '9.9.9.9' },
  { what: 'IPv6', peer: '2001:db8::1', forwardedFor: '[2001:db9::1]:4711', client: '2001:db9::1' },
  { what: 'IPv6 in disguise', peer: '10.0.0.1', forwardedFor: '::ffff:9.9.9.9', client: '9.9.9.9' },
  { what: 'a single trusted address', peer: '192.0.2.7', forwardedFor: '9.9.9.9', client: '9.9.9.9' },
]

for (const { what, peer, forwardedFor, client } of rows) {
  test(`client address, ${what}: ${client}`, () => assert.equal(clientAddress(peer, forwardedFor, trusts), client))
}

test('without trusted proxies the peer is the client, whatever it says', () => {
  const nobody = trustOf([])
  fc.assert(
    fc.property(fc.ipV4(), fc.string(), (peer, header) => assert.equal(clientAddress(peer, header, nobody), peer)),
  )
})

test('everything left of the first untrusted address has no influence', () => {
  fc.assert(
    fc.property(fc.ipV4(), fc.string(), (client, forged) => {
      fc.pre(!trusts(client))
      assert.equal(clientAddress('10.0.0.1', `${forged.replaceAll(',', '')}, ${client}, 10.9.9.9`, trusts), client)
    }),
  )
})

test('addresses lose the prefix of dual-stack sockets and a zone', () => {
  assert.equal(plainAddress('::ffff:192.0.2.1'), '192.0.2.1')
  assert.equal(plainAddress('fe80::1%eth0'), 'fe80::1')
  assert.equal(plainAddress('2001:db8::1'), '2001:db8::1')
})
