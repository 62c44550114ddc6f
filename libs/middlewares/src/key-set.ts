import { createPublicKey, type JsonWebKey } from 'node:crypto'
import type { Finding } from '@vrata/model'

const curves: ReadonlySet<unknown> = new Set(['P-256', 'P-384', 'P-521', 'secp384r1', 'prime256v1', 'secp521r1'])
const code = 'jwks.invalid'

/**
 * What is wrong with a key set given as text: a JSON Web Key Set (RFC 7517) or one PEM public key. It needs a key that
 * can verify signatures; others beside it do no harm. Key material is never quoted.
 */
export function checkKeySet(source: string): Finding | undefined {
  if (source.trim().startsWith('-----BEGIN'))
    return isUsablePem(source) ? undefined : { message: 'not a public key in PEM that can verify tokens', code }
  const keys = keysOf(source)
  if (!keys) return { message: 'neither a JSON Web Key Set nor a public key in PEM', code }
  return keys.some(isUsableJwk) ? undefined : { message: 'no key of the set can verify tokens', code }
}

function keysOf(source: string): readonly unknown[] | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(source)
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined
    throw thrown
  }
  const keys = isObject(parsed) ? parsed['keys'] : undefined
  return Array.isArray(keys) ? keys : undefined
}

function isUsablePem(pem: string): boolean {
  if (!/^-----BEGIN PUBLIC KEY-----/.test(pem.trim())) return false
  return isUsableKey(() => createPublicKey(pem))
}

/** RFC 7517, 4: only keys for verifying, of the types and sizes that are accepted. */
function isUsableJwk(jwk: unknown): boolean {
  if (!isObject(jwk)) return false
  const { use, key_ops: operations } = jwk
  if (use !== undefined && use !== 'sig') return false
  if (Array.isArray(operations) && !operations.includes('verify')) return false
  const key = jwk['kty'] === 'EC' ? { ...jwk, x: padded(jwk, 'x'), y: padded(jwk, 'y') } : jwk
  return isUsableKey(() => createPublicKey({ key: key as JsonWebKey, format: 'jwk' }))
}

function isUsableKey(read: () => ReturnType<typeof createPublicKey>): boolean {
  try {
    const { asymmetricKeyType: type, asymmetricKeyDetails: details } = read()
    if (type === 'rsa') return (details?.modulusLength ?? 0) >= 2048
    if (type === 'ec') return curves.has(details?.namedCurve)
    return type === 'ed25519'
  } catch {
    return false // whatever the reader of keys has against it: it is not a key we can use
  }
}

/** Some issuers strip the leading zero bytes that RFC 7518, 6.2.1.2 demands. */
function padded(jwk: Readonly<Record<string, unknown>>, member: 'x' | 'y'): unknown {
  const sizes: Readonly<Record<string, number>> = { 'P-256': 32, 'P-384': 48, 'P-521': 66 }
  const size = sizes[String(jwk['crv'])]
  const coordinate = jwk[member]
  if (size === undefined || typeof coordinate !== 'string') return coordinate
  const bytes = Buffer.from(coordinate, 'base64url')
  return bytes.length >= size
    ? coordinate
    : Buffer.concat([Buffer.alloc(size - bytes.length), bytes]).toString('base64url')
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
