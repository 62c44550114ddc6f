import type { EntityRef, Problem } from '@vrata/model'
import { pointer } from '@vrata/notation'
import { checkCaBundle, expiryWarning, keyPairError } from '@vrata/service'
import { refOf } from '../kinds.ts'
import type { Entities } from '../parse.ts'
import type { Steps } from '../slices.ts'

type Path = readonly (string | number)[]

/**
 * Certificates and keys of listeners and destinations must be readable and fit each other (`tls.material`); those that
 * have ended, end within 30 days or are not valid yet are warned of (`cert.expiring`).
 *
 * @param nowMs milliseconds since the epoch
 */
export function* checkMaterial(entities: Entities, nowMs: number, problems: Problem[]): Steps<void> {
  for (const listener of entities.listeners) {
    yield
    const { tls } = listener
    if (tls === undefined) continue
    const entity = refOf('listener', listener)
    problems.push(...pair(entity, ['tls'], tls, nowMs))
    for (const [index, one] of (tls.certificates ?? []).entries()) {
      problems.push(...pair(entity, ['tls', 'certificates', index], one, nowMs))
      yield
    }
    problems.push(...bundle(entity, ['tls', 'clientAuth', 'ca'], tls.clientAuth?.ca, nowMs))
  }
  for (const destination of entities.destinations) {
    yield
    const { tls } = destination.options
    if (tls === undefined) continue
    const entity = refOf('destination', destination)
    problems.push(...pair(entity, ['options', 'tls'], tls, nowMs))
    problems.push(...bundle(entity, ['options', 'tls', 'ca'], tls.ca, nowMs))
  }
}

interface Pair {
  readonly cert?: string | undefined
  readonly key?: string | undefined
}

/** A pair of which one half is missing is the schema's business. */
function pair(entity: EntityRef, path: Path, { cert, key }: Pair, nowMs: number): Problem[] {
  if (cert === undefined || key === undefined) return []
  const error = keyPairError(cert, key)
  if (error !== undefined) {
    const title = error.part === 'cert' ? 'the certificate' : 'the key'
    return [problem(entity, [...path, error.part], 'error', 'tls.material', `${title} ${error.message}`)]
  }
  return expiry(entity, [...path, 'cert'], cert, nowMs)
}

function bundle(entity: EntityRef, path: Path, ca: string | undefined, nowMs: number): Problem[] {
  if (ca === undefined) return []
  const error = checkCaBundle(ca)
  return error === undefined ? expiry(entity, path, ca, nowMs) : [problem(entity, path, 'error', 'tls.material', error)]
}

function expiry(entity: EntityRef, path: Path, pem: string, nowMs: number): Problem[] {
  const warning = expiryWarning(pem, nowMs)
  return warning === undefined ? [] : [problem(entity, path, 'warning', 'cert.expiring', warning)]
}

function problem(entity: EntityRef, path: Path, severity: Problem['severity'], code: string, message: string): Problem {
  return { entity, pointer: pointer(...path), message, severity, code }
}
