/**
 * `npm run docs`: writes the pages of `docs/reference/` from the schemas, so that they say what the programs check.
 * Its test fails when a page is out of date.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Middleware, middlewares } from '@vrata/middlewares'
import { jsonSchemas } from '@vrata/model'
import { z } from 'zod'
import { root } from './workspace.ts'

type Schema = Readonly<Record<string, unknown>>

interface Page {
  /** File name in `docs/reference/`. */
  readonly file: string
  readonly text: string
}

const introductions: Readonly<Record<string, string>> = {
  Listener: 'Where proxies accept connections.',
  Destination: 'Where traffic can go.',
  Route: 'Which requests are taken, and what happens to them. Exactly one of `forward`, `redirect`, `directResponse`.',
  Group: 'What several routes share.',
  Secret: 'A value that other entities refer to as `{{secret:value:ID}}`.',
  MiddlewareOverride: 'What a route or a group changes about a middleware: a value of `middlewareOverrides`.',
}

const notice = '<!-- Written by `npm run docs` from the schemas. Do not edit. -->'

/** All reference pages as they should be now. */
export function referencePages(): Page[] {
  const schemas = jsonSchemas({ Middleware })
  const entities = Object.entries(introductions).map(([name, introduction]): Page => {
    const schema = schemas[name]
    if (schema === undefined) throw new Error(`no schema of the name ${name}`)
    return { file: `${fileName(name)}.md`, text: page(name, introduction, schema, schemas) }
  })
  return [...entities, middlewarePage(schemas)]
}

function middlewarePage(schemas: Readonly<Record<string, Schema>>): Page {
  const sections = Object.entries(middlewares).map(([type, { config }]) => {
    const schema = z.toJSONSchema(config, { io: 'input', unrepresentable: 'any' }) as Schema
    return `## \`${type}\`\n\n${sentence(schema)}${table(schema, schemas)}`
  })
  const text = `${notice}

# Middleware

An entity with \`id\`, \`name\`, \`labels\`, \`description\`, a \`type\`, and the settings of that type in the member of the same name:
\`{"name": "browsers", "type": "cors", "cors": {…}}\`.

${sections.join('\n\n')}
`
  return { file: 'middleware.md', text }
}

function page(name: string, introduction: string, schema: Schema, schemas: Readonly<Record<string, Schema>>): string {
  return `${notice}\n\n# ${name}\n\n${introduction}\n\n${table(schema, schemas)}\n`
}

function sentence(schema: Schema): string {
  const description = schema['description']
  return typeof description === 'string' ? `${description}\n\n` : ''
}

interface Row {
  readonly path: string
  readonly type: string
  readonly default: string
  readonly description: string
}

function table(schema: Schema, schemas: Readonly<Record<string, Schema>>): string {
  const rows = members(schema, '', schemas)
  if (rows.length === 0) return 'It has no settings.'
  const lines = rows.map((row) => `| \`${row.path}\` | ${row.type} | ${row.default} | ${row.description} |`)
  return ['| field | type | default | meaning |', '|---|---|---|---|', ...lines].join('\n')
}

function members(schema: Schema, prefix: string, schemas: Readonly<Record<string, Schema>>): Row[] {
  const properties = (schema['properties'] ?? {}) as Readonly<Record<string, Schema>>
  const required = (schema['required'] ?? []) as readonly string[]
  return Object.entries(properties).flatMap(([name, member]) => {
    const path = prefix + name
    const row = {
      path,
      type: typeOf(member),
      default: required.includes(name) ? 'required' : defaultOf(member),
      description: cell(String(member['description'] ?? '')),
    }
    return [row, ...nested(member, path, schemas)]
  })
}

function nested(member: Schema, path: string, schemas: Readonly<Record<string, Schema>>): Row[] {
  if (member['type'] === 'array') {
    const items = (member['items'] ?? {}) as Schema
    return items['properties'] === undefined ? [] : members(items, `${path}[].`, schemas)
  }
  return members(member, `${path}.`, schemas)
}

function typeOf(schema: Schema): string {
  const reference = schema['$ref']
  if (typeof reference === 'string') {
    const name = reference.split('/').at(-1) ?? ''
    return name in introductions ? `[${name}](${fileName(name)}.md)` : name
  }
  const allowed = schema['enum']
  if (Array.isArray(allowed))
    return allowed
      .filter((word) => word !== '')
      .map((word) => `\`${word}\``)
      .join(' ')
  const alternatives = schema['anyOf'] ?? schema['oneOf']
  if (Array.isArray(alternatives)) return [...new Set(alternatives.map(typeOf))].join(' or ')
  if (schema['type'] === 'array') return `list of ${typeOf((schema['items'] ?? {}) as Schema)}`
  if (schema['type'] === 'object' && typeof schema['additionalProperties'] === 'object')
    return `map to ${typeOf(schema['additionalProperties'] as Schema)}`
  return `${String(schema['type'] ?? 'any')}${range(schema)}`
}

/** Bounds that say something: not those which only mean "a safe integer". */
function range(schema: Schema): string {
  const low = schema['minimum'] ?? schema['exclusiveMinimum']
  const high = schema['maximum']
  const from = typeof low === 'number' && low > Number.MIN_SAFE_INTEGER ? low : undefined
  const to = typeof high === 'number' && high < Number.MAX_SAFE_INTEGER ? high : undefined
  if (from !== undefined && to !== undefined) return ` ${from} to ${to}`
  if (from !== undefined) return ` from ${from}`
  return to === undefined ? '' : ` up to ${to}`
}

function defaultOf(schema: Schema): string {
  const value = schema['default']
  if (value === undefined || JSON.stringify(value) === '{}') return ''
  return `\`${cell(JSON.stringify(value))}\``
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

function fileName(name: string): string {
  return name.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => `-${letter}`).toLowerCase()
}

/** Writes the pages. */
function main(): void {
  const folder = join(root, 'docs', 'reference')
  mkdirSync(folder, { recursive: true })
  for (const { file, text } of referencePages()) writeFileSync(join(folder, file), text)
}

if (import.meta.main) main()
