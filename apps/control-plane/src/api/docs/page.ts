import { createHash } from 'node:crypto'
import { type Html, html } from './html.ts'
import type { OpenApi, OpenApiOperation, OpenApiParameter } from './openapi.ts'
import { schemaView } from './schema-view.ts'
import { style } from './style.ts'

/** Nothing but the page's own style is allowed: it has no script, loads nothing, and cannot be framed. */
export const pagePolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** The API document for people: one page without scripts. */
export function docsPage(document: OpenApi): string {
  const { title, version, description } = document.info
  const body = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title><style>${{ html: style }}</style></head><body>
<header><h1>${title}</h1><p>${version} · <a href="/api/v1/docs/doc.json">OpenAPI document</a></p><p>${description}</p>
<nav>${document.tags.map(({ name }) => html`<a href="#${name}">${name}</a> `)}<a href="#schemas">schemas</a></nav></header>
<main>${document.tags.map((tag) => section(document, tag))}
<section id="schemas"><h2>Schemas</h2>${Object.entries(document.components.schemas).map(
    ([name, schema]) =>
      html`<details id="schema-${name}"><summary><code>${name}</code></summary>${schemaView(schema)}</details>`,
  )}</section></main></body></html>
`
  return body.html
}

function section({ paths }: OpenApi, tag: OpenApi['tags'][number]): Html {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, operation]) => operation.tags.includes(tag.name))
      .map(([method, operation]) => operationView(method.toUpperCase(), path, operation)),
  )
  return html`<section id="${tag.name}"><h2>${tag.name}</h2><p>${tag.description}</p>${operations}</section>`
}

function operationView(method: string, path: string, operation: OpenApiOperation): Html {
  const { summary, description, parameters = [], requestBody, responses } = operation
  return html`<details id="${operation.operationId}"><summary><b class="${method}">${method}</b> <code>${path}</code> ${summary}</summary>
${description ? html`<p>${description}</p>` : ''}
${parameters.length > 0 ? html`<h3>Parameters</h3><ul>${parameters.map(parameterView)}</ul>` : ''}
${requestBody ? html`<h3>Body</h3>${Object.values(requestBody.content).map(({ schema }) => schemaView(schema))}` : ''}
<h3>Answers</h3><ul>${Object.entries(responses).map(
    ([status, { description: text, content = {} }]) =>
      html`<li><b>${status}</b> ${text}${Object.values(content).map(({ schema }) => schemaView(schema))}</li>`,
  )}</ul></details>`
}

function parameterView({ name, in: place, description }: OpenApiParameter): Html {
  return html`<li><code>${name}</code> <i>${place}</i> <span>${description}</span></li>`
}
