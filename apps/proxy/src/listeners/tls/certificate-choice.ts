import { X509Certificate } from 'node:crypto'
import { alternativeNames } from './client-certificate.ts'

/** Finds what belongs to the name that a client asks for in its handshake; undefined = it asks for none, or for an unknown one. */
export type ChooseByName<T> = (serverName: string | undefined) => T

/** A certificate chain in PEM, and what goes with it. */
export interface NamedPair<T> {
  readonly cert: string
  readonly value: T
}

/**
 * The choice among several certificates (RFC 6066, 3): the first one with exactly the name, then the first with a wildcard
 * for it, which stands for one label, else the first of all.
 *
 * @throws TypeError without any pair
 */
export function chooseByName<T>(pairs: readonly NamedPair<T>[]): ChooseByName<T> {
  const [first] = pairs
  if (first === undefined) throw new TypeError('no certificate')
  const byName = new Map<string, T>()
  for (const { cert, value } of pairs) {
    for (const name of namesOf(new X509Certificate(cert))) if (!byName.has(name)) byName.set(name, value)
  }
  return (serverName) => {
    if (serverName === undefined) return first.value
    const name = serverName.toLowerCase()
    return byName.get(name) ?? byName.get(`*${name.slice(name.indexOf('.'))}`) ?? first.value
  }
}

/** The DNS names of a certificate, in lower case; those in the subject count only when there are no others (RFC 9525, 2). */
function namesOf({ subjectAltName = '', subject = '' }: X509Certificate): string[] {
  const names = alternativeNames(subjectAltName).filter(({ kind }) => kind === 'DNS')
  if (names.length > 0) return names.map(({ value }) => value.toLowerCase())
  const common = /^CN=(.+)$/m.exec(subject)?.[1]
  return common === undefined ? [] : [common.toLowerCase()]
}
