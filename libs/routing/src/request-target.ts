/** Where a request wants to go, taken apart. */
export interface RequestTarget {
  /** As it stands in an absolute target; undefined for the usual form. */
  readonly authority: string | undefined
  readonly path: string
  /** Without `?`. */
  readonly query: string
}

/**
 * Takes a request target apart (RFC 9112, 3.2): origin form `/path?query`, absolute form `http://host/path?query`, or
 * `*`, which only OPTIONS may use. Undefined when it is neither.
 */
export function requestTarget(method: string, target: string): RequestTarget | undefined {
  if (target.startsWith('/')) return split(undefined, target)
  if (target === '*') return method === 'OPTIONS' ? { authority: undefined, path: '*', query: '' } : undefined
  const absolute = /^https?:\/\/([^/?#@]+)(?=[/?]|$)/i.exec(target)
  if (absolute === null) return undefined
  return split(absolute[1], target.slice(absolute[0].length))
}

function split(authority: string | undefined, rest: string): RequestTarget | undefined {
  const mark = rest.indexOf('?')
  if (mark === -1) return { authority, path: rest, query: '' }
  const query = rest.slice(mark + 1)
  // A fragment never leaves a client; a `#` that an upstream would cut at must not get through.
  return query.includes('#') ? undefined : { authority, path: rest.slice(0, mark), query }
}
