/** Text that is HTML already. */
export interface Html {
  readonly html: string
}

/** Makes HTML of a template; every value that is not HTML itself is escaped. Lists are joined, undefined is nothing. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return { html: parts.reduce((text, part, index) => text + toHtml(values[index - 1]) + part) }
}

type HtmlValue = Html | string | number | undefined | readonly HtmlValue[]

function toHtml(value: HtmlValue): string {
  if (value === undefined) return ''
  if (typeof value === 'object') return 'html' in value ? value.html : value.map(toHtml).join('')
  return escapeText(String(value))
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character)
}
