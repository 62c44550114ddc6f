/**
 * Members whose text is shown. Any other text may have been filled in from a secret, and what came from one is not
 * marked in what proxies get; so everything is hidden that is not needed to see what a proxy does.
 */
const shown: ReadonlySet<string> = new Set([
  'id',
  'name',
  'type',
  'address',
  'host',
  'hostnames',
  'path',
  'pathPrefix',
  'pathRegex',
  'methods',
  'scheme',
  'mode',
  'algorithm',
  'detail',
  'pathNormalization',
  'encodedSlash',
  'underscoreHeaders',
  'minVersion',
  'maxVersion',
  'destinationId',
  'routeIds',
  'listenerIds',
  'middlewareIds',
  'on',
  'request',
  'connect',
  'tlsHandshake',
  'responseHeader',
  'idle',
  'idleConnection',
  'queue',
  'drainTimeout',
])

const hidden = '<hidden>'

/** The running configuration for people who look at a proxy: all of its structure, none of its secrets. */
export function publicConfig(config: object): unknown {
  return mask(config, '')
}

function mask(value: unknown, member: string): unknown {
  if (typeof value === 'string') return shown.has(member) ? value : hidden
  if (Array.isArray(value)) return value.map((item) => mask(item, member))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mask(inner, key)]))
}
