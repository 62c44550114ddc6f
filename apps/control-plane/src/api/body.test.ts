import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { test } from 'node:test'
import { startControlPlane } from '../testing/start.ts'

const path = '/api/v1/groups'
const json = '{"name":"n"}'

const declared: readonly { type: string; status: number }[] = [
  { type: 'application/json', status: 201 },
  { type: 'application/json; charset=utf-8', status: 201 },
  { type: 'Application/JSON ;x=y', status: 201 },
  { type: '', status: 201 },
  { type: 'text/plain', status: 415 },
  { type: 'application/merge-patch+json', status: 415 },
  { type: 'application/jsonx', status: 415 },
  { type: 'application/x-www-form-urlencoded', status: 415 },
]
for (const { type, status } of declared) {
  test(`a body declared as ${type || 'nothing'} is answered ${status}`, async (t) => {
    const plane = await startControlPlane(t)
    const answer = await plane.send('POST', path, json, type === '' ? {} : { 'content-type': type })
    assert.equal(answer.status, status, answer.text)
  })
}

test('a compressed body is refused', async (t) => {
  const plane = await startControlPlane(t)
  const answer = await plane.send('POST', path, json, { 'content-encoding': 'gzip' })
  assert.equal(answer.status, 415)
  assert.partialDeepStrictEqual(answer.json, { code: 'unsupported_media_type' })
})

const malformed: readonly { name: string; body: string | Uint8Array; pointer?: string }[] = [
  { name: 'nothing', body: '' },
  { name: 'white space', body: ' ' },
  { name: 'half a document', body: '{"name":' },
  { name: 'two documents', body: `${json}${json}` },
  { name: 'text after the document', body: `${json} x` },
  { name: 'a comment', body: '{"name":"n"/**/}' },
  { name: 'single quotes', body: "{'name':'n'}" },
  { name: 'NaN', body: '{"name":NaN}' },
  { name: 'a member twice', body: '{"name":"a","name":"b"}', pointer: '/name' },
  { name: 'a member twice, once by an escape', body: '{"name":"a","n\\u0061me":"b"}', pointer: '/name' },
  { name: 'a member twice below', body: '{"labels":{"a":"1","a":"2"}}', pointer: '/labels/a' },
  { name: 'invalid UTF-8', body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]) },
  { name: 'an overlong encoding', body: Buffer.from([0x22, 0xc0, 0xaf, 0x22]) },
  { name: 'UTF-16', body: Buffer.from(json, 'utf16le') },
  { name: 'half a surrogate pair', body: '{"name":"\\ud800"}' },
  { name: 'a hundred thousand brackets', body: '['.repeat(100_000) },
  { name: 'a hundred thousand closed brackets', body: '['.repeat(100_000) + ']'.repeat(100_000) },
  { name: 'nothing but null', body: 'null' },
]
for (const { name, body, pointer } of malformed) {
  test(`${name} is no document`, async (t) => {
    const plane = await startControlPlane(t)
    const answer = await plane.send('POST', path, body)
    assert.equal(answer.status, 400)
    assert.partialDeepStrictEqual(answer.json, { code: 'bad_json' })
    assert.match(answer.read<{ error: string }>().error, /^invalid request body/)
    if (pointer) assert.partialDeepStrictEqual(answer.json, { problems: [{ pointer, entity: { kind: 'group' } }] })
    assert.deepEqual((await plane.send('GET', path)).json, [])
  })
}

for (const body of ['[]', '"text"', '7', 'true']) {
  test(`${body} is a document, but no entity`, async (t) => {
    const answer = await (await startControlPlane(t)).send('POST', path, body)
    assert.equal(answer.status, 400)
    assert.partialDeepStrictEqual(answer.json, { code: 'invalid', problems: [{ pointer: '' }] })
  })
}

test('names are told apart by case', async (t) => {
  const answer = await (await startControlPlane(t)).send('POST', path, { Name: 'n' })
  assert.equal(answer.status, 400)
  assert.partialDeepStrictEqual(answer.json, { problems: [{ pointer: '/Name', suggestion: 'name' }] })
})

for (const chunked of [false, true]) {
  test(`a body over the limit is answered 413 and not stored${chunked ? ', when its length is not declared' : ''}`, async (t) => {
    const plane = await startControlPlane(t, { config: { limits: { bodyBytes: 100 } } })
    const headers: Record<string, string> = chunked ? { 'transfer-encoding': 'chunked' } : {}
    const small = await plane.send('POST', path, { description: 'x'.repeat(70) }, headers)
    assert.equal(small.status, 201, small.text)
    const large = await plane.send('POST', path, { description: 'x'.repeat(100_000) }, headers)
    assert.equal(large.status, 413)
    assert.partialDeepStrictEqual(large.json, { code: 'too_large' })
    assert.equal((await plane.send('GET', path)).read<unknown[]>().length, 1)
  })
}

test('a client that asks first is told to send only what is wanted', async (t) => {
  const plane = await startControlPlane(t, { config: { limits: { bodyBytes: 100 } } })
  const ask = async (length: number) => {
    const sent = request(plane.url + path, {
      method: 'POST',
      agent: false,
      headers: { 'content-length': length, 'content-type': 'application/json', expect: '100-continue' },
    })
    let told = false
    sent.on('continue', () => {
      told = true
      sent.end(json)
    })
    sent.flushHeaders()
    const [answer] = await once(sent, 'response')
    sent.destroy()
    return { told, status: answer.statusCode }
  }
  assert.deepEqual(await ask(json.length), { told: true, status: 201 })
  assert.deepEqual(await ask(1000), { told: false, status: 413 })
})

test('a client that closes after its request is told why a body of 10 MB is refused', async (t) => {
  const plane = await startControlPlane(t)
  const body = `"${'x'.repeat(10_000_000)}"`
  const asked = request(`${plane.url}${path}`, {
    method: 'POST',
    agent: false,
    headers: { 'content-type': 'application/json', 'content-length': body.length, connection: 'close' },
  })
  asked.end(body)
  const [response] = await once(asked, 'response')
  assert.equal(response.statusCode, 413)
  assert.match(Buffer.concat(await response.toArray()).toString(), /"code":"too_large"/)
})
