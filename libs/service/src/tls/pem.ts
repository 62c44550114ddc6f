import { X509Certificate } from 'node:crypto'

const block = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g

/** A certificate bundle, or the sentence that says why it is none. */
export type Certificates = { readonly certificates: readonly X509Certificate[] } | { readonly error: string }

/**
 * Reads all certificates of a PEM text. Text between the blocks is allowed, blocks of another kind are not: a
 * private key among public certificates is a leak, not a detail.
 */
export function readCertificates(pem: string): Certificates {
  const certificates: X509Certificate[] = []
  for (const [text, label] of pem.matchAll(block)) {
    if (label !== 'CERTIFICATE') return { error: `holds a ${label} where only certificates belong` }
    try {
      certificates.push(new X509Certificate(text))
    } catch {
      return { error: `certificate ${certificates.length + 1} cannot be read` }
    }
  }
  if (certificates.length === 0) return { error: 'holds no PEM certificate' }
  return { certificates }
}
