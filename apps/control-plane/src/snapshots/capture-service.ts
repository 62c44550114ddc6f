import { randomUUID } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Problem } from '@vrata/model'
import type { Turnstile } from '@vrata/service'
import { captureInSlices, type SecretPorts } from '@vrata/snapshot'
import { readStaged } from '../entities/staged.ts'
import type { Store, Version } from '../store/store.ts'
import type { SnapshotArchive } from './archive.ts'
import type { CompiledHashes } from './compiled-hashes.ts'
import type { SnapshotMeta } from './meta.ts'
import { fingerprints } from './reference-ports.ts'
import type { SnapshotRequest } from './snapshot-request.ts'

/** What came of a capture. Refused: all problems, and nothing was stored. */
export type Captured =
  | {
      readonly ok: true
      readonly meta: SnapshotMeta
      readonly version: Version
      /** The configuration as JSON. */
      readonly config: Buffer
      /** Warnings. */
      readonly problems: readonly Problem[]
    }
  | { readonly ok: false; readonly problems: readonly Problem[] }

export interface CapturePorts {
  readonly store: Store
  readonly archive: SnapshotArchive
  readonly compiled: CompiledHashes
  readonly references: Pick<SecretPorts, 'env' | 'file'>
  /** Shared by all who resolve and compile what is staged. */
  readonly turns: Turnstile
  readonly now?: () => Date
}

/** Makes a snapshot of what is staged at one revision of the store, compiled by the proxies' own compiler. */
export function captureSnapshot(ports: CapturePorts, request: SnapshotRequest, actor: string): Promise<Captured> {
  return ports.turns.pass(() => captureNow(ports, request, actor))
}

async function captureNow(ports: CapturePorts, request: SnapshotRequest, actor: string): Promise<Captured> {
  const { store, archive, compiled, references, now = () => new Date() } = ports
  const fingerprint = await fingerprints(store)
  const staged = await readStaged(store)
  const captured = await captureInSlices(staged, { ...references, fingerprint }, { pause: nextTurn })
  if (!captured.ok) return captured
  const { config, hash, problems, secretPointers, usedSecrets } = captured
  const { listeners, destinations, routes, groups, middlewares } = config
  const counts = { listeners, destinations, routes, groups, middlewares }
  const meta: SnapshotMeta = {
    id: randomUUID(),
    name: request.name,
    createdAt: now().toISOString(),
    createdBy: actor,
    hash,
    counts: Object.fromEntries(Object.entries(counts).map(([list, entities]) => [list, entities.length])),
    ...(request.description ? { description: request.description } : {}),
    ...(request.labels ? { labels: request.labels } : {}),
    secretPointers,
    usedSecrets: Object.fromEntries(usedSecrets),
  }
  const json = Buffer.from(JSON.stringify(config))
  const version = await archive.add(meta, json)
  compiled.add(hash)
  return { ok: true, meta, version, config: json, problems }
}
