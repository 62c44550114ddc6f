import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ClientReader, sessionIdOf } from './client-reader.ts'
import { type HashPolicy, hashValue } from './hash-policy.ts'

interface Client {
  readonly headers?: Readonly<Record<string, string>>
  readonly cookies?: Readonly<Record<string, string>>
  given?: Record<string, string>
}

const reader: ClientReader<Client> = {
  clientIp: () => '10.9.8.7',
  headerLine: ({ headers }, name) => headers?.[name],
  sentCookie: ({ cookies }, name) => cookies?.[name],
  givenCookie: ({ given }, name) => given?.[name],
  newSession(client, { name }) {
    client.given = { ...client.given, [name]: `new-${name}` }
    return `new-${name}`
  },
}

const cookie = (name: string) => ({ cookie: { name, ttl: '1h' } })
const header = (name: string) => ({ header: { name } })
const source = { sourceIP: { enabled: true } }
const noSource = { sourceIP: { enabled: false } }

const rows: readonly [name: string, policies: readonly HashPolicy[], client: Client, value: string][] = [
  ['no policy: the address', [], {}, '10.9.8.7'],
  ['a header, its name in any case', [header('X-User')], { headers: { 'x-user': 'ann' } }, 'ann'],
  ['the first header that is there', [header('a'), header('b')], { headers: { b: '2' } }, '2'],
  ['no header: the address', [header('a')], {}, '10.9.8.7'],
  ['a header before a cookie', [header('a'), cookie('c'), source], { headers: { a: '1' }, cookies: { c: '2' } }, '1'],
  ['the cookie that was sent, whatever it is', [cookie('c')], { cookies: { c: 'x' } }, 'x'],
  ['even an empty one', [cookie('c')], { cookies: { c: '' } }, ''],
  ['a cookie that was given with this request', [cookie('c')], { given: { c: 'before' } }, 'before'],
  ['a cookie that is made, so nothing behind it counts', [cookie('c'), header('a')], { headers: { a: '1' } }, 'new-c'],
  ['the address before a cookie', [source, cookie('c')], { cookies: { c: '2' } }, '10.9.8.7'],
  ['not the address when that is switched off', [noSource, header('a')], { headers: { a: '1' } }, '1'],
]
for (const [name, policies, client, value] of rows) {
  test(`what is hashed: ${name}`, () => assert.equal(hashValue(policies, reader)({ ...client }), value))
}

test('a session begins once for a request', () => {
  const client: Client = {}
  const read = hashValue([cookie('c')], reader)
  assert.equal(read(client), 'new-c')
  assert.deepEqual(client.given, { c: 'new-c' })
  client.given = { c: 'kept' }
  assert.equal(read(client), 'kept')
})

test('a session is the cookie that was sent if it is an id, else the one that was given', () => {
  const id = '0123456789abcdef'
  const of = (client: Client) => sessionIdOf(reader, client, { name: 'c', ttl: '1h' })
  assert.equal(of({ cookies: { c: id }, given: { c: 'other' } }), id)
  assert.equal(of({ cookies: { c: 'short' }, given: { c: 'given' } }), 'given')
  assert.equal(of({ cookies: { c: 'short' } }), undefined)
  assert.equal(of({}), undefined)
})
