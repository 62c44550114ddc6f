import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '@vrata/service'
import { type Store, StoreError, type Version } from '../store/store.ts'
import { decodePointer, type Pointer, pointerKey, readPointer } from './active-pointer.ts'

/** Milliseconds until a failed read of the store is tried again. */
const retryDelay = 1000

export interface FollowOptions {
  readonly store: Store
  /** Given the pointer at the start and after each move, one after the other. */
  readonly publish: (pointer: Pointer) => Promise<void>
  readonly log: Logger
  readonly signal: AbortSignal
}

/**
 * Follows the active pointer until the signal aborts. Resolves, with a promise of the end, when the first state has been
 * published, so that nothing is served before it is known what is active.
 */
export async function followActive(options: FollowOptions): Promise<{ readonly ended: Promise<void> }> {
  const { store, publish } = options
  const { pointer, version } = await readPointer(store)
  await publish(pointer)
  return { ended: follow(options, version) }
}

/** Whatever fails is tried again: a stream that stopped following would be silent for ever. */
async function follow(options: FollowOptions, from: Version): Promise<void> {
  const { store, publish, log, signal } = options
  let position: Version | undefined = from
  while (!signal.aborted) {
    try {
      if (position === undefined) {
        const { pointer, version } = await readPointer(store)
        await publish(pointer)
        position = version
      }
      for await (const { revision, changes } of store.watch(pointerKey, position, signal)) {
        const value = changes.find((change) => change.key === pointerKey)?.value
        await publish(decodePointer(value))
        position = revision
      }
      return // the signal, or the store was closed
    } catch (thrown) {
      if (signal.aborted || (thrown instanceof StoreError && thrown.failure === 'closed')) return
      log.error({ err: thrown }, 'following the active snapshot failed; trying again')
      position = undefined
      await delay(retryDelay, undefined, { signal }).catch(() => undefined) // ends early when the program stops
    }
  }
}
