import { setImmediate as nextTurn } from 'node:timers/promises'
import { hasErrors, type Problem, type SnapshotConfig } from '@vrata/model'
import { compileSnapshotInSlices } from '@vrata/snapshot'
import type { Expectation, Store, Version } from '../store/store.ts'
import { movePointer, type Pointer, readPointer, remember, unmoved } from './active-pointer.ts'
import { type ArchivedMeta, metaKey, type SnapshotArchive } from './archive.ts'
import type { CompiledHashes } from './compiled-hashes.ts'
import type { SnapshotMeta } from './meta.ts'

/** How often a lost race for the pointer is run again. */
const attempts = 16

export interface ActivationPorts {
  readonly store: Store
  readonly archive: SnapshotArchive
  readonly compiled: CompiledHashes
  /** Sends the active snapshot once more to those who are not in sync. */
  readonly resend: () => void
  readonly now?: () => Date
}

/** Who moves the pointer, why, and on which condition. */
export interface ActivationOrder {
  readonly by: string
  readonly reason: string | undefined
  /** Throws when the snapshot does not have the version that the caller expects. */
  readonly check: (version: Version) => void
}

/** What became of an activation or a deletion. */
export type Moved =
  | {
      readonly outcome: 'done'
      readonly meta: SnapshotMeta
      readonly version: Version
      readonly pointer: Pointer
      readonly from: string | undefined
    }
  | { readonly outcome: 'missing' }
  /** It does not compile, though it did when it was captured. */
  | { readonly outcome: 'refused'; readonly problems: readonly Problem[] }
  | { readonly outcome: 'active' }
  /** Others move the pointer all the time. */
  | { readonly outcome: 'contended' }

/**
 * Makes a snapshot the one that proxies run: compiled first, then the pointer moves by compare-and-swap with the next
 * number. The active one keeps its number and is only sent again to proxies that are not in sync.
 */
export async function activateSnapshot(ports: ActivationPorts, id: string, order: ActivationOrder): Promise<Moved> {
  const { store, archive, resend, now = () => new Date() } = ports
  const problems = await compileAgain(ports, id)
  if (problems) return { outcome: 'refused', problems }
  for (let n = 0; n < attempts; n++) {
    const [found, read] = await Promise.all([archive.meta(id), readPointer(store)])
    if (!found) return { outcome: 'missing' }
    const { meta, version } = found
    order.check(version)
    const from = read.pointer.active?.id
    if (from === id) {
      resend()
      return { outcome: 'done', meta, version, pointer: read.pointer, from }
    }
    const active = { id, hash: meta.hash, activatedAt: now().toISOString() }
    const pointer: Pointer = { seq: read.pointer.seq + 1, active }
    const { by, reason } = order
    const note = remember({ ...active, seq: pointer.seq, by, ...(reason === undefined ? {} : { reason }) })
    const result = await store.commit([movePointer(pointer), ...note], [unmoved(read), unchanged(found)])
    if (result.committed) return { outcome: 'done', meta, version, pointer, from }
  }
  return { outcome: 'contended' }
}

/** Removes a snapshot. The active one only by force: its pointer goes too, and proxies keep what they run. */
export async function deleteSnapshot(
  { store, archive }: Pick<ActivationPorts, 'store' | 'archive'>,
  id: string,
  { force, check }: { readonly force: boolean; readonly check: (version: Version) => void },
): Promise<Moved> {
  for (let n = 0; n < attempts; n++) {
    const [found, read] = await Promise.all([archive.meta(id), readPointer(store)])
    if (!found) return { outcome: 'missing' }
    const { meta, version } = found
    check(version)
    const from = read.pointer.active?.id
    const isActive = from === id
    if (isActive && !force) return { outcome: 'active' }
    const pointer: Pointer = isActive ? { seq: read.pointer.seq } : read.pointer
    const also = isActive ? [movePointer(pointer)] : []
    if (await archive.remove(id, [unmoved(read), unchanged(found)], also)) {
      return { outcome: 'done', meta, version, pointer, from }
    }
  }
  return { outcome: 'contended' }
}

/** The problems of a snapshot that an older version captured; undefined when there are none, or no such snapshot. */
async function compileAgain(
  { archive, compiled }: ActivationPorts,
  id: string,
): Promise<readonly Problem[] | undefined> {
  const found = await archive.meta(id)
  if (!found || compiled.has(found.meta.hash)) return undefined
  const json = await archive.config(id)
  if (!json) return undefined
  const config: SnapshotConfig = JSON.parse(json.toString())
  const { secretPointers, hash } = found.meta
  const { problems } = await compileSnapshotInSlices(config, { secretPointers, pause: nextTurn })
  if (hasErrors(problems)) return problems
  compiled.add(hash)
  return undefined
}

function unchanged({ meta, version }: ArchivedMeta): Expectation {
  return { key: metaKey(meta.id), version }
}
