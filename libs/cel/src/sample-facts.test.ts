import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sampleFacts } from './index.ts'

describe('sampleFacts', () => {
  it('fills in what is left out', () => {
    const { headers, queryParams, header, ...rest } = sampleFacts()
    assert.deepEqual(rest, {
      method: 'GET',
      scheme: 'http',
      host: 'localhost',
      path: '/',
      decodedPath: '/',
      query: '',
      clientIp: '127.0.0.1',
      body: undefined,
      bodyAsked: true,
      peerCertificate: undefined,
    })
    assert.equal(headers.size + queryParams.size, 0)
    assert.equal(header('x'), undefined)
  })

  it('takes the query from the path, unless it is given', () => {
    assert.equal(sampleFacts({ path: '/a?b=c?d' }).query, 'b=c?d')
    assert.equal(sampleFacts({ path: '/a?b=c' }).path, '/a')
    assert.equal(sampleFacts({ path: '/a?b=c', query: 'e' }).query, 'e')
    assert.deepEqual(
      [...sampleFacts({ query: 'a=1&a=2&b+c=%20d' }).queryParams],
      [
        ['a', '1'],
        ['b c', ' d'],
      ],
    )
  })

  it('decodes the path, bytes that are no text included', () => {
    assert.equal(sampleFacts({ path: '/a%2Fb%20%C3%A9' }).decodedPath, '/a/b é')
    assert.equal(sampleFacts({ path: '/%zz%ff' }).decodedPath, '/%zz\ufffd')
    assert.equal(sampleFacts({ path: '/é' }).decodedPath, '/é')
  })

  it('joins header lines under lower-case names', () => {
    const facts = sampleFacts({ headers: { 'X-A': ['1', '2'], b: '3' } })
    assert.deepEqual(
      [...facts.headers],
      [
        ['x-a', '1, 2'],
        ['b', '3'],
      ],
    )
    assert.equal(facts.header('x-a'), '1, 2')
  })

  it('reads a body as far as the limit, and JSON where it is declared', () => {
    assert.deepEqual(sampleFacts({ body: { a: 1 } }).body, {
      raw: '{"a":1}',
      json: { a: 1 },
      truncated: false,
      size: 7,
    })
    assert.equal(sampleFacts({ body: { a: 1 } }).header('content-type'), 'application/json')
    assert.deepEqual(sampleFacts({ body: '{"a":1}' }).body, {
      raw: '{"a":1}',
      json: undefined,
      truncated: false,
      size: 7,
    })
    assert.deepEqual(sampleFacts({ body: [1, 2], bodyLimit: 3 }).body, {
      raw: '[1,',
      json: undefined,
      truncated: true,
      size: 3,
    })
    assert.equal(sampleFacts({ body: 'x', bodyAsked: false }).body, undefined)
    for (const [type, isJson] of [
      ['application/json', true],
      ['APPLICATION/JSON; charset=utf-8', true],
      ['application/ld+json', true],
      ['application/jsonp', false],
      ['image/x+json;v=1', true],
      ['text/json', false],
    ] as const) {
      const { body } = sampleFacts({ body: '1', headers: { 'content-type': type } })
      assert.equal(body?.json, isJson ? 1 : undefined, type)
    }
  })
})
