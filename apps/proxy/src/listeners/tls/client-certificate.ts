import type { X509Certificate } from 'node:crypto'
import type { ForwardedCertificate } from '@vrata/routing'

/** A client's verified certificate: what expressions see, and what identifies it. */
export interface ClientCertificate extends ForwardedCertificate {
  readonly hash: string
}

/** Reads what is shown of a certificate, once per connection. */
export function clientCertificate(certificate: X509Certificate): ClientCertificate {
  const names = alternativeNames(certificate.subjectAltName ?? '')
  const ofKind = (kind: string) => names.filter((name) => name.kind === kind).map(({ value }) => value)
  return {
    uris: ofKind('URI'),
    dnsNames: ofKind('DNS'),
    subject: rfc2253(certificate.subject ?? ''),
    serial: certificate.serialNumber.toLowerCase().replace(/^0+(?=.)/, ''),
    hash: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
  }
}

/** One name, for example of the kind `DNS`. */
export interface AlternativeName {
  readonly kind: string
  readonly value: string
}

/** `URI:spiffe://a/b, DNS:"a\u002cb"`: a value with characters that could be mistaken stands as a JSON string. */
const oneName = /([^:,]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/gy

/** The names of a certificate beside its subject, from the text that the platform gives. */
export function alternativeNames(text: string): AlternativeName[] {
  const names: AlternativeName[] = []
  for (const [, kind = '', written = ''] of text.matchAll(oneName)) {
    names.push({ kind, value: written.startsWith('"') ? String(JSON.parse(written)) : written })
  }
  return names
}

/**
 * A distinguished name as RFC 2253 writes it, the most specific part first. The platform gives one part per line in the
 * order of the certificate, with the characters of the values escaped already.
 */
function rfc2253(subject: string): string {
  return subject
    .split('\n')
    .reverse()
    .map((part) => part.replaceAll(' + ', '+'))
    .join(',')
}
