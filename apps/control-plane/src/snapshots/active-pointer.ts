import type { Expectation, Operation, Store, Version } from '../store/store.ts'

/** The one key that every stream follows. */
export const pointerKey = 'active'
const historyPrefix = 'h/'
/** How many activations are remembered. */
const historyLength = 1000

/** What the fleet should run. */
export interface ActiveSnapshot {
  readonly id: string
  readonly hash: string
  readonly activatedAt: string
}

/** The pointer as it lies in the store. `seq` counts activations and never goes back, also when nothing is active. */
export interface Pointer {
  readonly seq: number
  readonly active?: ActiveSnapshot
}

/** One activation that happened. */
export interface Activation extends ActiveSnapshot {
  readonly seq: number
  readonly by: string
  readonly reason?: string
}

/** The pointer with the version that a compare-and-swap expects; 0n before the first activation. */
export interface ReadPointer {
  readonly pointer: Pointer
  readonly version: Version
}

/** Reads the pointer's bytes. */
export function decodePointer(value: Uint8Array | undefined): Pointer {
  return value ? JSON.parse(Buffer.from(value).toString()) : { seq: 0 }
}

/** The pointer now. */
export async function readPointer(store: Store): Promise<ReadPointer> {
  const item = await store.get(pointerKey)
  return { pointer: decodePointer(item?.value), version: item?.version ?? 0n }
}

/** The operation that moves the pointer. */
export function movePointer(pointer: Pointer): Operation {
  return { put: pointerKey, value: Buffer.from(JSON.stringify(pointer)) }
}

/** The operations that remember an activation and forget the oldest one. */
export function remember(activation: Activation): Operation[] {
  const key = (seq: number) => historyPrefix + String(seq).padStart(16, '0')
  const note: Operation = { put: key(activation.seq), value: Buffer.from(JSON.stringify(activation)) }
  return activation.seq > historyLength ? [note, { delete: key(activation.seq - historyLength) }] : [note]
}

/** The remembered activations, oldest first. */
export async function readHistory(store: Store): Promise<Activation[]> {
  const { items } = await store.list(historyPrefix)
  return items.map((item): Activation => JSON.parse(Buffer.from(item.value).toString()))
}

/** The expectation that the pointer is still where it was read. */
export function unmoved(read: ReadPointer): Expectation {
  return { key: pointerKey, version: read.version }
}
