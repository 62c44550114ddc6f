import { randomBytes, randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { headerNames } from '@vrata/model'

/** Who this proxy is in the fleet. */
export interface ProxyIdentity {
  /** Stays the same over restarts. */
  readonly id: string
  /** Another one for each run of the process. */
  readonly bootId: string
  readonly version: string
  readonly labels: Readonly<Record<string, string>>
}

/**
 * The identity of this run. Without a configured id it is the host's name and six random hexadecimal digits, which are
 * kept in `folder`; where nothing can be kept, each run is another proxy to the fleet.
 */
export function proxyIdentity(
  configured: { readonly id?: string | undefined; readonly labels: Readonly<Record<string, string>> },
  folder: string,
  version: string,
): ProxyIdentity {
  const id = configured.id ?? `${hostname()}-${keptSuffix(folder)}`
  return { id, bootId: randomUUID(), version, labels: configured.labels }
}

function keptSuffix(folder: string): string {
  const file = join(folder, 'proxy-id')
  try {
    const kept = readFileSync(file, 'utf8').trim()
    if (/^[\da-f]{6}$/.test(kept)) return kept
  } catch {
    // the first run, or nothing can be kept here: the latter is told when the last good snapshot cannot be kept either
  }
  const made = randomBytes(3).toString('hex')
  try {
    mkdirSync(folder, { recursive: true })
    writeFileSync(file, `${made}\n`, { mode: 0o600 })
  } catch {
    // as above
  }
  return made
}

/** The headers by which a control plane knows who asks. Labels are percent-encoded, as they may hold anything printable. */
export function identityHeaders(identity: ProxyIdentity): Record<string, string> {
  const labels = Object.entries(identity.labels)
    .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`)
    .join(',')
  return {
    [headerNames.proxyId]: identity.id,
    [headerNames.proxyBoot]: identity.bootId,
    [headerNames.proxyVersion]: identity.version,
    ...(labels === '' ? {} : { [headerNames.proxyLabels]: labels }),
  }
}
