import type { RequestHead } from '@vrata/http1'

/**
 * The protocol that a request offers to go on with, in lower case; undefined when it offers none that is followed. HTTP/2
 * in clear text is spoken by prior knowledge only, so `h2c` is ignored (RFC 9113, 3.1), as is an offer that comes with a
 * body, whose bytes could not be told from those of the new protocol, and one of several protocols at once.
 */
export function offeredProtocol({ upgrade, framing, contentLength }: RequestHead): string | undefined {
  if (upgrade === undefined || upgrade.length !== 1) return undefined
  if (framing === 'chunked' || contentLength > 0) return undefined
  const token = upgrade[0]?.toLowerCase()
  return token === 'h2c' ? undefined : token
}
