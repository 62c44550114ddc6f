import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { type JsonSchema, jsonSchemas } from './json-schemas.ts'

const components = jsonSchemas({ Extra: z.strictObject({ id: z.string().describe('x'), size: z.int().describe('y') }) })

/** Every schema inside of a schema, with the way to it. */
function* within(value: unknown, path: string): Generator<readonly [string, JsonSchema]> {
  if (typeof value !== 'object' || value === null) return
  if (!Array.isArray(value)) yield [path, value as JsonSchema]
  for (const [name, inner] of Object.entries(value)) yield* within(inner, `${path}/${name}`)
}

function at(name: string, ...path: string[]): unknown {
  return path.reduce<unknown>((value, step) => (value as JsonSchema)[step], components[name])
}

describe('jsonSchemas', () => {
  test('has every entity, every document of the wire, and what the caller adds', () => {
    assert.deepEqual(Object.keys(components).sort(), [
      'Ack',
      'Destination',
      'ErrorBody',
      'ExplainRequest',
      'Explanation',
      'Extra',
      'Fleet',
      'FleetProxy',
      'Group',
      'Heartbeat',
      'Listener',
      'MiddlewareOverride',
      'Problem',
      'Retry',
      'Route',
      'Secret',
      'SnapshotDocument',
      'SnapshotSummary',
    ])
  })

  test('refers from one to another as OpenAPI does, and to nothing that is not there', () => {
    const known = new Set([...Object.keys(components), 'Middleware'])
    const references = [...within(components, '')].flatMap(([, schema]) =>
      typeof schema['$ref'] === 'string' ? [schema['$ref']] : [],
    )
    assert.ok(references.includes('#/components/schemas/Retry'))
    for (const reference of references)
      assert.ok(known.has(reference.replace('#/components/schemas/', '')), `${reference} leads nowhere`)
  })

  test('says in the words of people what every member of an entity is for', () => {
    for (const name of ['Listener', 'Destination', 'Route', 'Group', 'Secret', 'Retry', 'MiddlewareOverride'])
      for (const [path, schema] of within(components[name], name))
        for (const [member, inner] of Object.entries((schema['properties'] as JsonSchema | undefined) ?? {}))
          assert.equal(typeof (inner as JsonSchema)['description'], 'string', `${path}/${member} has no description`)
  })

  test('asks for no id, since the control plane makes one, and for nothing that has a default', () => {
    assert.deepEqual(at('Listener', 'required'), ['port'])
    assert.deepEqual(at('Destination', 'required'), ['host', 'port'])
    assert.equal(at('Route', 'required'), undefined)
    assert.deepEqual(at('Extra', 'required'), ['size'])
    assert.ok((at('SnapshotDocument', 'required') as string[]).includes('id'))
  })

  test('tells ranges, choices, defaults and that unknown fields are refused', () => {
    assert.equal(at('Listener', 'additionalProperties'), false)
    assert.deepEqual(at('Listener', 'properties', 'port', 'maximum'), 65_535)
    assert.deepEqual(at('Listener', 'properties', 'encodedSlash', 'enum'), ['reject', 'keep'])
    assert.equal(at('Listener', 'properties', 'timeouts', 'properties', 'clientHeader', 'default'), '10s')
    assert.deepEqual(at('Route', 'properties', 'redirect', 'properties', 'code', 'enum'), [301, 302, 303, 307, 308])
  })

  test('holds plain JSON without what names a document of its own', () => {
    assert.deepEqual(JSON.parse(JSON.stringify(components)), components)
    for (const [path, schema] of within(components, ''))
      assert.ok(!('$schema' in schema) && !('$id' in schema) && !('$defs' in schema), `${path} names itself`)
  })

  test('can be made again and again', () => {
    assert.deepEqual(jsonSchemas(), jsonSchemas())
  })
})
