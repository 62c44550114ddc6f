import type { SecretPointer } from '@vrata/snapshot'

/** Everything that is known of a snapshot but its configuration. Never changes. */
export interface SnapshotMeta {
  readonly id: string
  readonly name: string
  readonly createdAt: string
  readonly createdBy: string
  /** Names the content; equal for equal configurations with equal secrets. */
  readonly hash: string
  /** How many entities each list holds. */
  readonly counts: Readonly<Record<string, number>>
  readonly description?: string
  readonly labels?: Readonly<Record<string, string>>
  /** Where strings stand that came from secrets, for redaction. */
  readonly secretPointers: readonly SecretPointer[]
  /** Stored secrets that went in, with the fingerprint of the value they had. */
  readonly usedSecrets: Readonly<Record<string, string>>
}
