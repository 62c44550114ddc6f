import type { IncomingHttpHeaders } from 'node:http'
import { headerNames } from '@vrata/model'

/** Who a proxy says it is when it opens its stream. */
export interface ProxyIdentity {
  readonly id: string
  readonly bootId: string
  readonly version: string | undefined
  readonly labels: Readonly<Record<string, string>>
}

/** Raised for identity headers that are there and make no sense; the message names the header. */
export class IdentityError extends Error {}

const idPattern = /^[A-Za-z0-9][A-Za-z0-9._~@:-]{0,127}$/
const visible = /^[\x21-\x7e]{1,256}$/
const mostLabels = 64

/** Reads the identity of a stream's client; undefined for a client that gives none. Throws `IdentityError`. */
export function readIdentity(headers: IncomingHttpHeaders): ProxyIdentity | undefined {
  const id = one(headers, headerNames.proxyId)
  if (id === undefined) return undefined
  if (!idPattern.test(id)) throw new IdentityError(`${headerNames.proxyId} is not an id`)
  const bootId = one(headers, headerNames.proxyBoot) ?? ''
  const version = one(headers, headerNames.proxyVersion)
  for (const [name, value] of [
    [headerNames.proxyBoot, bootId],
    [headerNames.proxyVersion, version],
  ] as const) {
    if (value && !visible.test(value)) throw new IdentityError(`${name} is not visible ASCII`)
  }
  return { id, bootId, version, labels: readLabels(one(headers, headerNames.proxyLabels) ?? '') }
}

/** `k=v,k=v`, both sides percent-encoded. */
function readLabels(text: string): Record<string, string> {
  const pairs = text.split(',').filter((pair) => pair.trim() !== '')
  if (pairs.length > mostLabels)
    throw new IdentityError(`${headerNames.proxyLabels} holds more than ${mostLabels} labels`)
  const labels = pairs.map((pair): [string, string] => {
    const [, key, value] = /^\s*([^=]+)=([^=]*)$/.exec(pair) ?? []
    if (key === undefined || value === undefined) throw new IdentityError(`${headerNames.proxyLabels} is not k=v,k=v`)
    return [decode(key), decode(value.trimEnd())]
  })
  return Object.fromEntries(labels)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new IdentityError(`${headerNames.proxyLabels} is not percent-encoded`)
  }
}

function one(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}
