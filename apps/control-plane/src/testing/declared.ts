import assert from 'node:assert/strict'
import type { OpenApi } from '../api/docs/openapi.ts'
import { send, type TestAnswer } from './send.ts'

const documents = new Map<string, Promise<OpenApi>>()

/** For tests: the API document that the server gives out. */
export function documentOf(url: string): Promise<OpenApi> {
  const known = documents.get(url)
  if (known) return known
  const document = send(url, 'GET', '/api/v1/docs/doc.json').then((answer) => answer.read<OpenApi>())
  documents.set(url, document)
  return document
}

/** For tests: an answer of a documented operation has a documented status, type and, roughly, body. */
export async function assertDeclared(url: string, method: string, target: string, answer: TestAnswer): Promise<void> {
  const { paths, components } = await documentOf(url)
  const path = target.split('?', 1)[0] ?? ''
  const template = Object.keys(paths).find((one) => new RegExp(`^${one.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path))
  const operation = paths[template ?? '']?.[method === 'HEAD' ? 'get' : method.toLowerCase()]
  const where = `${method} ${target} -> ${answer.status}`
  if (!operation) {
    assert.ok([204, 404, 405].includes(answer.status), `${where}: not in the API document`)
    return
  }
  const response = operation.responses[String(answer.status)]
  assert.ok(response, `${where}: not declared`)
  const type = answer.headers['content-type']?.split(';', 1)[0]
  const [declared] = Object.keys(response.content ?? {})
  assert.equal(type, declared, `${where}: content type`)
  if (declared !== 'application/json' || method === 'HEAD') return
  assert.match(answer.text, /\n$/, `${where}: ends by a line feed`)
  const schema = response.content?.[declared]?.schema ?? {}
  conforms(answer.json, schema, components.schemas, where)
}

type Schema = Readonly<Record<string, unknown>>

/** The part of JSON Schema that says which members there are and of which type. */
function conforms(value: unknown, schema: Schema, schemas: Readonly<Record<string, Schema>>, where: string): void {
  const reference = schema['$ref']
  if (typeof reference === 'string') {
    const target = schemas[reference.replace('#/components/schemas/', '')]
    assert.ok(target, `${where}: ${reference} is not in the document`)
    conforms(value, target, schemas, where)
  }
  for (const branch of list(schema['allOf'])) conforms(value, branch, schemas, where)
  if ('const' in schema) assert.deepEqual(value, schema['const'], where)
  const type = schema['type']
  if (type === 'array') {
    assert.ok(Array.isArray(value), `${where}: a list`)
    for (const item of value) conforms(item, object(schema['items'] ?? {}), schemas, `${where}[]`)
  }
  if (type === 'string') assert.equal(typeof value, 'string', where)
  if (type === 'boolean') assert.equal(typeof value, 'boolean', where)
  if (type === 'integer') assert.ok(Number.isInteger(value), where)
  if (type !== 'object' && schema['required'] === undefined) return
  const members = object(value)
  for (const name of Array.isArray(schema['required']) ? schema['required'] : []) {
    assert.ok(Object.hasOwn(members, name), `${where}: ${name} is missing`)
  }
  const properties = object(schema['properties'] ?? {})
  for (const [name, member] of Object.entries(members)) {
    if (Object.hasOwn(properties, name)) conforms(member, object(properties[name]), schemas, `${where}.${name}`)
    else assert.notEqual(schema['additionalProperties'], false, `${where}: ${name} is not declared`)
  }
}

function list(value: unknown): Schema[] {
  return Array.isArray(value) ? value.map(object) : []
}

function object(value: unknown): Schema {
  assert.ok(typeof value === 'object' && value !== null, 'an object')
  return { ...value }
}
