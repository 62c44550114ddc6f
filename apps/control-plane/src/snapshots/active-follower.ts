import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '@vrata/service'
import { type Store, StoreError, type Version } from '../store/store.ts'
import { decodePointer, type Pointer, pointerKey } from './active-pointer.ts'

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
 * published, so that nothing is served before it is known what is active. One that is damaged is told to the log.
 */
export async function followActive(options: FollowOptions): Promise<{ readonly ended: Promise<void> }> {
  const { store, publish, log } = options
  const { pointer, revision } = await readPosition(store)
  await publish(pointer).catch((thrown: unknown) => {
    if (!(thrown instanceof StoreError && thrown.failure === 'unusable')) throw thrown
    // Without the API nobody could activate another one.
    log.error({ err: thrown }, 'the active snapshot cannot be read; proxies get nothing until another one is activated')
  })
  return { ended: follow(options, revision) }
}

/**
 * The pointer, and the revision of the store at which it was read. Not the pointer's own version: the history since the
 * last activation may no longer be kept, while nothing of it concerns the pointer.
 */
async function readPosition(store: Store): Promise<{ readonly pointer: Pointer; readonly revision: Version }> {
  const { items, revision } = await store.list(pointerKey)
  return { pointer: decodePointer(items.find(({ key }) => key === pointerKey)?.value), revision }
}

/** Whatever fails is tried again: a stream that stopped following would be silent for ever. */
async function follow(options: FollowOptions, from: Version): Promise<void> {
  const { store, publish, log, signal } = options
  let position: Version | undefined = from
  while (!signal.aborted) {
    try {
      if (position === undefined) {
        const { pointer, revision } = await readPosition(store)
        await publish(pointer)
        position = revision
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
