import { z } from 'zod'
import { report } from './formats/text.ts'

/** Names of the TLS versions, the oldest first. */
export const tlsVersions = ['TLSv1_0', 'TLSv1_1', 'TLSv1_2', 'TLSv1_3'] as const

/** The members of a TLS object that bound the version. */
export const tlsVersionBounds = {
  minVersion: z.enum(tlsVersions).default('TLSv1_2').describe('Oldest TLS version that is accepted.'),
  maxVersion: z
    .enum(tlsVersions)
    .optional()
    .describe('Newest TLS version that is accepted. Absent: the newest there is.'),
}

/** Refuses a newest version that is older than the oldest. */
export function versionOrder(context: {
  readonly value: {
    readonly minVersion: (typeof tlsVersions)[number]
    readonly maxVersion?: (typeof tlsVersions)[number] | undefined
  }
  readonly issues: z.core.$ZodRawIssue[]
}): void {
  const { minVersion, maxVersion } = context.value
  if (maxVersion !== undefined && tlsVersions.indexOf(maxVersion) < tlsVersions.indexOf(minVersion))
    report(context, ['maxVersion'], {
      message: `${maxVersion} is older than minVersion ${minVersion}`,
      code: 'tls.versions',
    })
}
