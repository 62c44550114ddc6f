import { createRequire } from 'node:module'

/**
 * llhttp through an internal module of node, for comparison only: it is no public interface, so everything is
 * looked up with care and its absence is an ordinary result.
 */
export interface LlhttpParser {
  initialize(type: number, resource: object): void
  execute(bytes: Buffer): unknown
  finish(): unknown
  [callback: number]: unknown
}

interface Binding {
  readonly HTTPParser: (new () => LlhttpParser) & Readonly<Record<string, number>>
}

function isBinding(value: unknown): value is Binding {
  return typeof value === 'object' && value !== null && 'HTTPParser' in value && typeof value.HTTPParser === 'function'
}

/** The binding, or undefined where this node does not give it. */
export function llhttpBinding(): Binding | undefined {
  try {
    const found: unknown = createRequire(import.meta.url)('_http_common')
    return isBinding(found) ? found : undefined
  } catch {
    return undefined // newer versions of node refuse it: the comparison is then left out
  }
}

/** A function that reads one complete message with llhttp, as node:http does up to its header list. */
export function llhttpReader(side: 'request' | 'response'): ((bytes: Buffer) => void) | undefined {
  const binding = llhttpBinding()
  if (binding === undefined) return undefined
  const { HTTPParser } = binding
  const parser = new HTTPParser()
  let complete = false
  parser[HTTPParser['kOnHeadersComplete'] ?? 2] = () => 0
  parser[HTTPParser['kOnBody'] ?? 3] = () => undefined
  parser[HTTPParser['kOnMessageComplete'] ?? 4] = () => {
    complete = true
  }
  parser.initialize((side === 'request' ? HTTPParser['REQUEST'] : HTTPParser['RESPONSE']) ?? 1, {})
  return (bytes) => {
    complete = false
    parser.execute(bytes)
    if (!complete) throw new Error('llhttp did not complete a typical message')
  }
}
