import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, test } from 'node:test'
import { checkEntity } from '@vrata/model'
import { checkKeySet } from './key-set.ts'
import { Middleware } from './middleware.ts'
import { defaultsOf, verdicts } from './testing/verdicts.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey
const jwk = (key: KeyObject, more: object = {}) => ({ ...key.export({ format: 'jwk' }), ...more })
const set = (...keys: readonly unknown[]) => JSON.stringify({ keys })
const inline = { issuer: 'iss1', jwksInline: set(jwk(rsa)) }
const remote = { issuer: 'iss1', jwksDestinationId: 'idp', jwksPath: '/keys?v=1' }

describe('jwt', () => {
  test('has its defaults', () => {
    assert.deepEqual(defaultsOf('jwt', remote), {
      ...remote,
      audiences: [],
      jwksRetrievalTimeout: '10s',
      jwksRefreshInterval: '5m',
      jwksMinRefetchInterval: '10s',
      jwksStaleIfError: '24h',
      leeway: '0s',
      maxTokenBytes: 16_384,
      tokenSources: [{ header: 'authorization', scheme: 'Bearer' }],
      forwardJwt: false,
      claimToHeaders: [],
      assertClaims: [],
      closeOnExpiry: false,
    })
  })

  verdicts('jwt', [
    [remote],
    [inline],
    [{ issuer: 'i', jwksInline: '{{secret:value:jwks}}' }],
    [
      {
        ...remote,
        audiences: ['x'],
        jwksRetrievalTimeout: '1s',
        forwardJwt: true,
        claimToHeaders: [
          { expr: 'claims.sub', header: 'x-user', required: true },
          { claim: 'realm.name', header: 'x-realm' },
        ],
        assertClaims: ['claims.role == "admin"', 'claims.admin', 'claims.exp > now'],
        leeway: '5m',
        algorithms: ['RS256', 'EdDSA'],
        maxTokenAge: '1h',
        tokenSources: [{ header: 'authorization', scheme: 'bearer' }, { cookie: 'token' }, { query: 'access_token' }],
        closeOnExpiry: true,
      },
    ],
    [{ ...remote, issuer: '' }, '/issuer range.invalid'],
    [{ jwksInline: inline.jwksInline }, '/issuer field.missing'],
    [{ issuer: 'i' }, ' field.missing'],
    [{ issuer: 'i', jwksPath: '/k' }, '/jwksDestinationId field.missing'],
    [{ issuer: 'i', jwksDestinationId: 'd' }, '/jwksPath field.missing'],
    [{ ...remote, ...inline }, '/jwksDestinationId exclusive.fields', '/jwksPath exclusive.fields'],
    [{ ...remote, jwksPath: 'keys' }, '/jwksPath path.invalid'],
    [{ ...remote, jwksDestinationId: '' }, '/jwksDestinationId format.invalid'],
    [{ ...remote, jwksRetrievalTimeout: '0s' }, '/jwksRetrievalTimeout duration.range'],
    [{ ...remote, jwksRefreshInterval: '0s' }, '/jwksRefreshInterval duration.range'],
    [{ ...remote, jwksMinRefetchInterval: '10' }, '/jwksMinRefetchInterval duration.invalid'],
    [{ ...remote, jwksStaleIfError: '-1s' }, '/jwksStaleIfError duration.invalid'],
    [{ ...remote, leeway: '6m' }, '/leeway duration.range'],
    [{ ...remote, maxTokenAge: '0s' }, '/maxTokenAge duration.range'],
    [{ ...remote, maxTokenBytes: 0 }, '/maxTokenBytes range.invalid'],
    [{ ...remote, algorithms: ['HS256'] }, '/algorithms/0 enum.invalid'],
    [{ ...remote, algorithms: ['none'] }, '/algorithms/0 enum.invalid'],
    [{ ...remote, algorithms: [] }, '/algorithms range.invalid'],
    [{ ...remote, audiences: [''] }, '/audiences/0 range.invalid'],
    [{ ...remote, tokenSources: [] }, '/tokenSources range.invalid'],
    [{ ...remote, tokenSources: [{}] }, '/tokenSources/0 exclusive.fields'],
    [{ ...remote, tokenSources: [{ header: 'a', cookie: 'b' }] }, '/tokenSources/0 exclusive.fields'],
    [{ ...remote, tokenSources: [{ cookie: 'b', scheme: 'Bearer' }] }, '/tokenSources/0/scheme exclusive.fields'],
    [{ ...remote, tokenSources: [{ header: 'a b' }] }, '/tokenSources/0/header header.invalid'],
    [{ ...remote, claimToHeaders: [{ header: 'x' }] }, '/claimToHeaders/0 exclusive.fields'],
    [
      { ...remote, claimToHeaders: [{ expr: 'claims.a', claim: 'a', header: 'x' }] },
      '/claimToHeaders/0 exclusive.fields',
    ],
    [{ ...remote, claimToHeaders: [{ expr: 'claims.', header: 'x' }] }, '/claimToHeaders/0/expr cel.invalid'],
    [{ ...remote, claimToHeaders: [{ claim: 'a..b', header: 'x' }] }, '/claimToHeaders/0/claim format.invalid'],
    [{ ...remote, claimToHeaders: [{ claim: 'a', header: 'Host' }] }, '/claimToHeaders/0/header header.forbidden'],
    [
      { ...remote, claimToHeaders: [{ claim: 'a', header: 'Content-Length' }] },
      '/claimToHeaders/0/header header.forbidden',
    ],
    [{ ...remote, claimToHeaders: [{ claim: 'a', header: 'te' }] }, '/claimToHeaders/0/header header.forbidden'],
    [{ ...remote, assertClaims: ['claims.role =='] }, '/assertClaims/0 cel.invalid'],
    [{ ...remote, assertClaims: ['"text"'] }, '/assertClaims/0 cel.invalid'],
    [{ ...remote, assertClaims: ['request.pth == ""'] }, '/assertClaims/0 cel.invalid'],
    [{ ...remote, jwksUrl: 'https://x' }, '/jwksUrl field.unknown'],
    [{ issuer: 'i', jwksInline: 'x' }, '/jwksInline jwks.invalid'],
    [{ issuer: 'i', jwksInline: set() }, '/jwksInline jwks.invalid'],
  ])

  describe('a key set given as text', () => {
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
    const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey
    const strange = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey
    const pem = (key: KeyObject) => String(key.export({ type: 'spki', format: 'pem' }))
    const good: readonly (readonly [string, string])[] = [
      ['RSA', set(jwk(rsa, { use: 'sig', key_ops: ['verify'] }))],
      ['P-256', set(jwk(ec))],
      ['P-521', set(jwk(generateKeyPairSync('ec', { namedCurve: 'P-521' }).publicKey))],
      ['Ed25519', set(jwk(generateKeyPairSync('ed25519').publicKey))],
      ['a usable key beside others', set({ kty: 'oct', k: 'x' }, null, jwk(small), jwk(rsa))],
      ['a PEM public key', `\n${pem(rsa)}`],
      ['a PEM key on a curve', pem(ec)],
    ]
    for (const [what, source] of good) test(`may be ${what}`, () => assert.equal(checkKeySet(source), undefined))

    const bad: readonly (readonly [string, string])[] = [
      ['empty', ''],
      ['a JSON list', '[]'],
      ['an error page', '{"error":"x"}'],
      ['keys that are no list', '{"keys":{}}'],
      ['a short RSA key', set(jwk(small))],
      ['a curve that is not accepted', set(jwk(strange))],
      ['a key for encrypting', set(jwk(rsa, { use: 'enc' }))],
      ['a key for signing', set(jwk(rsa, { key_ops: ['sign'] }))],
      ['a shared secret', set({ kty: 'oct', k: 'aHVzaA' })],
      ['X25519', pem(generateKeyPairSync('x25519').publicKey)],
      ['a PEM of something else', '-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----'],
      ['a broken PEM', '-----BEGIN PUBLIC KEY-----\nxx\n-----END PUBLIC KEY-----'],
    ]
    for (const [what, source] of bad)
      test(`may not be ${what}, and the sentence quotes nothing of it`, () => {
        const message = checkKeySet(source)?.message ?? assert.fail('it was accepted')
        assert.doesNotMatch(message, /hush|aHVzaA|xx/)
      })

    test('may have coordinates without their leading zero bytes', () => {
      let key = jwk(ec)
      while (
        !Buffer.from(String(Reflect.get(key, 'x')), 'base64url')
          .subarray(0, 1)
          .equals(Buffer.of(0))
      )
        key = jwk(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey)
      const x = Buffer.from(String(Reflect.get(key, 'x')), 'base64url')
        .subarray(1)
        .toString('base64url')
      assert.equal(checkKeySet(set({ ...key, x })), undefined)
    })
  })
})

describe('inlineAuthz', () => {
  const rule = { cel: 'request.method == "GET"', action: 'allow' }

  test('has its defaults', () => {
    assert.deepEqual(defaultsOf('inlineAuthz', { rules: [rule] }), {
      rules: [rule],
      defaultAction: 'deny',
      denyStatus: 403,
      denyBody: '{"error":"access denied"}',
      denyContentType: 'application/json',
    })
  })

  verdicts('inlineAuthz', [
    [{ rules: [rule, { cel: 'jwt.claims.role == "admin"', action: 'deny' }], defaultAction: 'allow', denyStatus: 599 }],
    [{ rules: [{ cel: 'request.body.json.n > 100', action: 'deny' }], defaultAction: '' }],
    [{ rules: [{ cel: 'apiKey.id == "acme"', action: 'allow' }] }],
    [{ rules: [{ cel: 'request.path == {{secret:value:p}}', action: 'allow' }] }],
    [{ rules: [rule], denyStatus: 42 }, '/denyStatus range.invalid'],
    [{ rules: [rule], denyStatus: 399 }, '/denyStatus range.invalid'],
    [{ rules: [rule], denyStatus: 600 }, '/denyStatus range.invalid'],
    [{ rules: [rule], denyBody: {} }, '/denyBody type.invalid'],
    [{ rules: [rule], denyContentType: 'a\nb' }, '/denyContentType header.invalid'],
    [{ rules: [{ ...rule, name: 'x' }] }, '/rules/0/name field.unknown'],
  ])

  const sentences: readonly (readonly [unknown, string, string])[] = [
    [undefined, '', 'inlineAuthz config is required when type is "inlineAuthz"'],
    [{}, '/rules', 'inlineAuthz.rules must not be empty'],
    [{ rules: [] }, '/rules', 'inlineAuthz.rules must not be empty'],
    [{ rules: [rule, { cel: '', action: 'deny' }] }, '/rules/1/cel', 'inlineAuthz.rules[1].cel must not be empty'],
    [{ rules: [{ action: 'deny' }] }, '/rules/0/cel', 'inlineAuthz.rules[0].cel must not be empty'],
    [
      { rules: [rule, { cel: 'true' }] },
      '/rules/1/action',
      'inlineAuthz.rules[1].action must be "allow" or "deny", got ""',
    ],
    [
      { rules: [{ ...rule, action: 'x' }] },
      '/rules/0/action',
      'inlineAuthz.rules[0].action must be "allow" or "deny", got "x"',
    ],
    [
      { rules: [rule], defaultAction: 'x' },
      '/defaultAction',
      'inlineAuthz.defaultAction must be "allow" or "deny", got "x"',
    ],
  ]
  for (const [inlineAuthz, at, sentence] of sentences)
    test(`says: ${sentence}`, () => {
      const sent = { id: 'm', type: 'inlineAuthz', ...(inlineAuthz === undefined ? {} : { inlineAuthz }) }
      const { problems } = checkEntity(Middleware, sent, { kind: 'middleware' })
      assert.deepEqual(
        problems.map(({ pointer, message }) => [pointer, message]),
        [[`/inlineAuthz${at}`, sentence]],
      )
    })

  test('says where in the list an expression does not compile, and what was meant', () => {
    const inlineAuthz = { rules: [rule, { cel: 'request.pth == "/"', action: 'deny' }] }
    const [problem] = checkEntity(
      Middleware,
      { id: 'm', type: 'inlineAuthz', inlineAuthz },
      { kind: 'middleware' },
    ).problems
    assert.match(problem?.message ?? '', /^inlineAuthz\.rules\[1\]\.cel: .*pth/)
    assert.deepEqual([problem?.pointer, problem?.code], ['/inlineAuthz/rules/1/cel', 'cel.invalid'])
    assert.ok(problem?.suggestion)
  })
})

describe('apiKey', () => {
  const hash = `sha256:${'0123456789abcdef'.repeat(4)}`
  const key = { id: 'acme', hash }

  test('has its defaults', () => {
    assert.deepEqual(defaultsOf('apiKey', { keys: [key] }), {
      keys: [{ ...key, disabled: false, metadata: {} }],
      sources: [{ header: 'x-api-key' }],
      forwardKey: false,
    })
  })

  verdicts('apiKey', [
    [{ keys: [] }],
    [{ keys: [{ ...key, expiresAt: '2027-01-31T12:00:00Z', disabled: true, metadata: { plan: 'gold', seats: [1] } }] }],
    [{ keys: [key], sources: [{ query: 'key' }], forwardKey: true, identityHeader: 'x-partner' }],
    [{ keys: [{ id: 'a', hash: '{{secret:value:h}}' }] }],
    [{}, '/keys field.missing'],
    [{ keys: [{ id: 'a', hash: 'plain-key' }] }, '/keys/0/hash hash.invalid'],
    [{ keys: [{ id: 'a', hash: 'sha256:abc' }] }, '/keys/0/hash hash.invalid'],
    [{ keys: [{ hash }] }, '/keys/0/id field.missing'],
    [{ keys: [key, { id: 'other', hash: hash.toUpperCase().replace('SHA', 'sha') }] }, '/keys/1/hash list.repeated'],
    [{ keys: [key, { id: 'acme', hash: `sha256:${'0'.repeat(64)}` }] }, '/keys/1/id list.repeated'],
    [{ keys: [{ ...key, expiresAt: 'tomorrow' }] }, '/keys/0/expiresAt format.invalid'],
    [{ keys: [{ ...key, metadata: [] }] }, '/keys/0/metadata type.invalid'],
    [{ keys: [key], sources: [] }, '/sources range.invalid'],
    [{ keys: [key], identityHeader: 'connection' }, '/identityHeader header.forbidden'],
  ])

  test('a plain key that was given by mistake is not quoted', () => {
    const sent = { id: 'm', type: 'apiKey', apiKey: { keys: [{ id: 'a', hash: 'plain-key' }] } }
    assert.doesNotMatch(JSON.stringify(checkEntity(Middleware, sent, { kind: 'middleware' }).problems), /plain-key/)
  })
})

describe('basicAuth', () => {
  const hash = '$scrypt$ln=15,r=8,p=1$c2FsdHNhbHRzYWx0$a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5'
  const user = { username: 'ana', hash }

  test('has its defaults', () => {
    assert.deepEqual(defaultsOf('basicAuth', { users: [user] }), { users: [user], forwardAuthorization: false })
  })

  verdicts('basicAuth', [
    [{ users: [user], realm: 'ops', identityHeader: 'x-user', forwardAuthorization: true }],
    [{ users: [{ username: 'é', hash: '{{secret:value:ana-scrypt}}' }] }],
    [{ users: [{ ...user, hash: hash.replace('15', '14') }] }],
    [{ users: [{ ...user, hash: hash.replace('15', '17') }] }],
    [{ users: [{ ...user, hash: hash.replace('15', '13') }] }, '/users/0/hash hash.invalid'],
    [{ users: [{ ...user, hash: hash.replace('15', '18') }] }, '/users/0/hash hash.invalid'],
    [{ users: [{ ...user, hash: 'password' }] }, '/users/0/hash hash.invalid'],
    [{ users: [{ ...user, username: 'a:b' }] }, '/users/0/username format.invalid'],
    [{ users: [{ ...user, username: '' }] }, '/users/0/username format.invalid'],
    [{ users: [user, user] }, '/users/1/username list.repeated'],
    [{ users: [user], realm: 'a"b' }, '/realm format.invalid'],
    [{ users: [user], identityHeader: 'a b' }, '/identityHeader header.invalid'],
    [{}, '/users field.missing'],
  ])
})
