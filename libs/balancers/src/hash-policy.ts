import type { ClientCookie, ClientReader } from './client-reader.ts'

/** One thing that a request may be hashed by; exactly one member is given. */
export interface HashPolicy {
  readonly header?: { readonly name: string } | undefined
  readonly cookie?: ClientCookie | undefined
  readonly sourceIP?: { readonly enabled: boolean } | undefined
}

/**
 * What a request is hashed by: the value of the first policy that yields one, else the address of the client. A cookie
 * that was not sent begins a session, so a cookie always yields a value; what the client sent under its name counts
 * whatever it is, for it may well be the cookie of an application. Compiled once, for all requests.
 */
export function hashValue<Request>(
  policies: readonly HashPolicy[],
  reader: ClientReader<Request>,
): (request: Request) => string {
  const values = policies.flatMap((policy) => readerOf(policy, reader) ?? [])
  return (request) => {
    for (const value of values) {
      const found = value(request)
      if (found !== undefined) return found
    }
    return reader.clientIp(request)
  }
}

/** Undefined for a policy that is switched off. */
function readerOf<Request>(
  { header, cookie, sourceIP }: HashPolicy,
  reader: ClientReader<Request>,
): ((request: Request) => string | undefined) | undefined {
  if (header !== undefined) {
    const name = header.name.toLowerCase()
    return (request) => reader.headerLine(request, name)
  }
  if (cookie !== undefined) {
    const { name } = cookie
    return (request) =>
      reader.sentCookie(request, name) ?? reader.givenCookie(request, name) ?? reader.newSession(request, cookie)
  }
  return sourceIP?.enabled === true ? (request) => reader.clientIp(request) : undefined
}
