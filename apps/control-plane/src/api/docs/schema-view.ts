import type { JsonSchema } from '../endpoint.ts'
import { type Html, html } from './html.ts'

const prefix = '#/components/schemas/'

/** A schema as nested lists of members that open on demand; references are links to their own entry. */
export function schemaView(schema: JsonSchema): Html {
  const branches = alternatives(schema)
  if (branches.length > 0) {
    return html`<ul>${branches.map((branch) => html`<li>${line(branch)}${inside(branch)}</li>`)}</ul>`
  }
  const members = Object.entries(objectOf(schema['properties']))
  if (members.length === 0) return html`<p>${line(schema)}</p>${inside(schema)}`
  const required = new Set(Array.isArray(schema['required']) ? schema['required'] : [])
  return html`<ul>${members.map(([name, value]) => member(name, objectOf(value), required.has(name)))}</ul>`
}

function member(name: string, schema: JsonSchema, required: boolean): Html {
  const title = html`<code>${name}</code>${required ? html`<b title="required">*</b>` : ''} ${line(schema)}`
  const nested = inside(schema)
  if (nested.html === '') return html`<li>${title}</li>`
  return html`<li><details><summary>${title}</summary>${nested}</details></li>`
}

/** What lies below a member's own line; nothing for plain values and references. */
function inside(schema: JsonSchema): Html {
  if (schema['$ref'] !== undefined) return html``
  const items = objectOf(schema['items'])
  if (hasInside(items)) return schemaView(items)
  const values = objectOf(schema['additionalProperties'])
  if (hasInside(values)) return schemaView(values)
  return hasInside(schema) ? schemaView(schema) : html``
}

function hasInside(schema: JsonSchema): boolean {
  return schema['properties'] !== undefined || alternatives(schema).length > 0
}

function line(schema: JsonSchema): Html {
  const { description, default: initial } = schema
  const text = typeof description === 'string' ? html` <span>${description}</span>` : ''
  const usual = initial === undefined ? '' : html` <em>default ${JSON.stringify(initial)}</em>`
  return html`<i>${typeOf(schema)}</i>${usual}${text}`
}

function typeOf(schema: JsonSchema): Html {
  const reference = schema['$ref']
  if (typeof reference === 'string') {
    const name = reference.replace(prefix, '')
    return html`<a href="#schema-${name}">${name}</a>`
  }
  const constant = schema['const']
  if (constant !== undefined) return html`${JSON.stringify(constant)}`
  const words = schema['enum']
  if (Array.isArray(words)) return html`${words.map((word) => JSON.stringify(word)).join(' | ')}`
  if (schema['type'] === 'array') return html`list of ${typeOf(objectOf(schema['items']))}`
  const values = objectOf(schema['additionalProperties'])
  if (Object.keys(values).length > 0) return html`map to ${typeOf(values)}`
  const type = schema['type']
  if (type !== undefined) return html`${Array.isArray(type) ? type.join(' | ') : String(type)}`
  return html`${alternatives(schema).length > 0 ? 'one of' : 'any value'}`
}

function alternatives(schema: JsonSchema): JsonSchema[] {
  for (const word of ['oneOf', 'anyOf', 'allOf']) {
    const list = schema[word]
    if (Array.isArray(list))
      return list.map(objectOf).filter((branch) => Object.keys(branch).some((key) => key !== 'required'))
  }
  return []
}

function objectOf(value: unknown): JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}
