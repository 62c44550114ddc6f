import type { Fleet } from '../fleet/fleet.ts'
import type { Pointer } from '../snapshots/active-pointer.ts'
import type { SnapshotArchive } from '../snapshots/archive.ts'
import { streamDocument } from '../snapshots/documents.ts'
import { snapshotEvent, type Wanted } from './events.ts'
import type { StreamHub } from './stream-hub.ts'

/** Makes the fleet and its streams aim at what the pointer says; the document is encoded here, once for all of them. */
export async function publishActive(
  { archive, hub, fleet }: { readonly archive: SnapshotArchive; readonly hub: StreamHub; readonly fleet: Fleet },
  { seq, active }: Pointer,
): Promise<void> {
  const wanted = active && (await encode(archive, active.id, seq))
  fleet.aim(wanted)
  hub.publish(wanted)
}

/** Undefined when the snapshot is gone: the pointer has then moved on, and the next state follows. */
async function encode(archive: SnapshotArchive, id: string, seq: number): Promise<Wanted | undefined> {
  const [found, config] = await Promise.all([archive.meta(id), archive.config(id)])
  if (!found || !config) return undefined
  const event = snapshotEvent(seq, streamDocument(found.meta, config, seq))
  return { snapshotId: id, hash: found.meta.hash, seq, event }
}
