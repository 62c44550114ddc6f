import { createPrivateKey, type KeyObject, type X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { messageOf } from '../message-of.ts'
import { readCertificates } from './pem.ts'

/** Something wrong with a certificate and its key, and which of the two to look at. */
export interface MaterialError {
  readonly part: 'cert' | 'key'
  readonly message: string
}

/**
 * Whether a certificate chain (leaf first) and a private key, both PEM, can serve together: both parse, the key is
 * the leaf's, each certificate is signed by the next, and the TLS library takes them. Undefined when all is well.
 * Dates are not looked at (see {@link expiryWarning}): what was fine when it was captured must stay usable for a
 * roll-back.
 */
export function keyPairError(cert: string, key: string): MaterialError | undefined {
  const chain = readCertificates(cert)
  if ('error' in chain) return { part: 'cert', message: chain.error }
  const [leaf] = chain.certificates
  const privateKey = readPrivateKey(key)
  if ('error' in privateKey) return { part: 'key', message: privateKey.error }
  if (leaf === undefined || !leaf.checkPrivateKey(privateKey.key)) {
    return { part: 'key', message: 'is not the private key of the certificate' }
  }
  const broken = brokenLink(chain.certificates)
  if (broken !== undefined) return { part: 'cert', message: broken }
  try {
    createSecureContext({ cert, key })
  } catch (thrown) {
    return { part: 'cert', message: `is refused by the TLS library: ${reason(thrown)}` }
  }
  return undefined
}

/** {@link keyPairError} as one sentence, for those who need no more. */
export function checkKeyPair(cert: string, key: string): string | undefined {
  const error = keyPairError(cert, key)
  return error && `the ${error.part === 'cert' ? 'certificate' : 'key'} ${error.message}`
}

/** Whether a PEM text can be used as a set of trusted authorities; the sentence says why not. */
export function checkCaBundle(pem: string): string | undefined {
  const bundle = readCertificates(pem)
  if ('error' in bundle) return `the CA bundle ${bundle.error}`
  try {
    createSecureContext({ ca: pem })
  } catch (thrown) {
    return `the CA bundle is refused by the TLS library: ${reason(thrown)}`
  }
  return undefined
}

/** How long before its end a certificate is worth a warning. */
const noticeMs = 30 * 24 * 3_600_000

/**
 * A warning about the certificate of a PEM text that ends first: it has expired, ends within 30 days, or is not
 * valid yet. Undefined when all are good for longer, and when the text holds no readable certificate.
 *
 * @param nowMs milliseconds since the epoch
 */
export function expiryWarning(pem: string, nowMs: number): string | undefined {
  const read = readCertificates(pem)
  if ('error' in read) return undefined
  const [first] = read.certificates.toSorted((a, b) => a.validToDate.getTime() - b.validToDate.getTime())
  if (first === undefined) return undefined
  const late = read.certificates.find((certificate) => certificate.validFromDate.getTime() > nowMs)
  const end = first.validToDate
  if (end.getTime() <= nowMs) return `${title(first)} expired on ${end.toISOString()}`
  if (late !== undefined) return `${title(late)} is not valid before ${late.validFromDate.toISOString()}`
  if (end.getTime() - nowMs <= noticeMs) return `${title(first)} expires on ${end.toISOString()}`
  return undefined
}

function title(certificate: X509Certificate): string {
  return `the certificate of ${JSON.stringify(certificate.subject?.replaceAll('\n', ',') ?? '')}`
}

function readPrivateKey(pem: string): { readonly key: KeyObject } | { readonly error: string } {
  if (!/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(pem)) return { error: 'holds no PEM private key' }
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/.test(pem)) {
    return { error: 'is protected by a passphrase, which cannot be given' }
  }
  try {
    return { key: createPrivateKey(pem) }
  } catch {
    return { error: 'cannot be read' }
  }
}

function brokenLink(chain: readonly X509Certificate[]): string | undefined {
  for (let index = 1; index < chain.length; index++) {
    const [child, issuer] = [chain[index - 1], chain[index]]
    if (child && issuer && !child.checkIssued(issuer)) {
      return `has a chain out of order: certificate ${index + 1} did not issue certificate ${index}`
    }
  }
  return undefined
}

/** OpenSSL's words without its numbers; they name the problem, never the material. */
function reason(thrown: unknown): string {
  const message = messageOf(thrown)
  return message.split(':').at(-1)?.trim() ?? message
}
