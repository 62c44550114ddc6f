import type { PeerCertificate } from '@vrata/cel'

/** A client's certificate as upstreams are told of it. */
export interface ForwardedCertificate extends PeerCertificate {
  /** SHA-256 of its DER form, in lower-case hexadecimal digits; undefined where it was only described. */
  readonly hash: string | undefined
}

/**
 * The value of `X-Forwarded-Client-Cert`; undefined when there is nothing to say. `uri`: the URI names in their order,
 * separated by `;`. `envoy`: one element with hash, subject and names.
 */
export function forwardedCertificate(certificate: ForwardedCertificate, format: 'uri' | 'envoy'): string | undefined {
  const uris = certificate.uris.map(separable)
  if (format === 'uri') return uris.length === 0 ? undefined : uris.join(';')
  const parts = [
    ...(certificate.hash === undefined ? [] : [`Hash=${certificate.hash}`]),
    `Subject="${quotable(certificate.subject)}"`,
    ...uris.map((uri) => `URI=${uri}`),
    ...certificate.dnsNames.map((name) => `DNS=${separable(name)}`),
  ]
  return parts.join(';')
}

/** Percent-encodes what would end the name, and what no header value can hold. */
function separable(name: string): string {
  return name.replace(/[^!#-+\--:<-~]/gu, percent)
}

function quotable(subject: string): string {
  return subject.replace(/[\\"]/g, '\\$&').replace(/[^ -~]/gu, percent)
}

function percent(character: string): string {
  let text = ''
  for (const byte of Buffer.from(character, 'utf8')) text += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  return text
}
