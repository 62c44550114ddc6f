import { setTimeout as wait } from 'node:timers/promises'
import { type Ack, SnapshotCurrent, type SnapshotDocument } from '@vrata/model'
import type { Logger } from '@vrata/service'
import { DocumentMemory, verifyDocumentInSlices } from '@vrata/snapshot'
import type { Applied } from '../activation.ts'
import { nextTurn } from '../next-turn.ts'
import { Backoff } from './backoff.ts'
import { ControlPlane, type ControlPlaneAccess } from './control-plane.ts'
import { Feed } from './feed.ts'
import type { ProxyIdentity } from './identity.ts'
import type { LastGood } from './last-good.ts'
import { Reporter } from './reporter.ts'
import { followStream, type StreamEnd, type StreamEvents } from './snapshot-stream.ts'

/** What the sync needs to know and may do about the snapshot that runs. */
export interface RunningSnapshot {
  /** Undefined before the first. */
  readonly identity: { readonly id: string; readonly hash: string; readonly seq: number } | undefined
  /** What is wrong with what runs. */
  readonly state: Pick<Applied, 'result' | 'problems'>
  readonly connections: number
  apply(document: SnapshotDocument): Promise<Applied>
}

export interface SyncOptions {
  readonly access: ControlPlaneAccess
  readonly identity: ProxyIdentity
  readonly lastGood: LastGood
  readonly running: RunningSnapshot
  readonly log: Logger
  /** First and longest pause between two connections, in milliseconds. */
  readonly reconnectInterval: number
  readonly reconnectMax: number
  readonly signal: AbortSignal
  /** Overrides the time after which a silent stream counts as lost; for tests. */
  readonly silence?: number
}

/** A stream that lived this long was a good one: the next wait is short again. Milliseconds. */
const goodStream = 60_000

/**
 * Keeps the running snapshot in step with the control plane: starts from disk, follows the stream, reports. Without a
 * control plane everything goes on as it is.
 */
export class Sync implements StreamEvents, AsyncDisposable {
  readonly #options: SyncOptions
  readonly #controlPlane: ControlPlane
  readonly #feed: Feed
  readonly #memory = new DocumentMemory()
  readonly #reporter: Reporter
  readonly #backoff: Backoff
  #connectedAt: number | undefined = undefined
  /** Whether a control plane has said since the start that what runs is what it wants. */
  #confirmed = false
  /** Why the last attempt failed; it is logged when it changes. */
  #trouble = ''

  constructor(options: SyncOptions) {
    const { reconnectInterval, reconnectMax, log, signal } = options
    this.#options = options
    this.#controlPlane = new ControlPlane(options.access)
    this.#backoff = new Backoff(reconnectInterval, reconnectMax)
    this.#reporter = new Reporter(this.#controlPlane, new Backoff(reconnectInterval, reconnectMax), log, signal)
    this.#feed = new Feed(
      (text) => this.#take(text),
      (thrown) => log.error({ err: thrown }, 'snapshot could not be applied'),
    )
  }

  get connected(): boolean {
    return this.#connectedAt !== undefined
  }

  /** Whether what runs came from disk and no control plane has confirmed it yet. */
  get stale(): boolean {
    return !this.#confirmed
  }

  /** Runs until the signal is aborted. */
  async run(): Promise<void> {
    const { lastGood, running, log, signal } = this.#options
    const stored = await lastGood.load()
    if (stored !== undefined && !signal.aborted) {
      log.info({ snapshotId: stored.id, hash: stored.hash }, 'last good snapshot loaded')
      await running.apply(stored)
    }
    const heartbeats = this.#reporter.heartbeats(() => this.#heartbeat())
    while (!signal.aborted) await this.#connection()
    await heartbeats
    await this.#feed.idle()
  }

  /** What is wrong has changed without a new snapshot: a listener could be bound at last. */
  stateChanged(): void {
    const { identity, state } = this.#options.running
    if (identity !== undefined && this.#confirmed) this.#report(identity, { ...state, applyMs: 0 })
  }

  async #connection(): Promise<void> {
    const { running, signal, silence } = this.#options
    // What the last stream brought may still be taken: a control plane that is told of what ran before could confirm
    // that, and it would be replaced a moment later.
    await this.#feed.idle()
    const have = running.identity?.hash ?? ''
    const end = await followStream(this.#controlPlane, have, this, signal, silence)
    if (this.#connectedAt !== undefined && performance.now() - this.#connectedAt >= goodStream) this.#backoff.reset()
    const wasConnected = this.connected
    this.#connectedAt = undefined
    if (end.kind === 'stopped') return
    const delay = this.#backoff.next()
    this.#tellEnd(end, wasConnected, delay)
    this.#controlPlane.next()
    await wait(delay, undefined, { signal }).catch(() => undefined) // ends early when the program stops
  }

  /** One line per event; that the same thing goes on being wrong is no event. */
  #tellEnd(end: StreamEnd, wasConnected: boolean, retryMs: number): void {
    const { log } = this.#options
    const { url } = this.#controlPlane
    const reason = end.kind === 'refused' ? `status ${end.status}` : end.kind === 'lost' ? end.reason : ''
    const fields = { url, reason, retryMs }
    if (wasConnected) log.warn(fields, 'control plane disconnected')
    else if (reason === this.#trouble) log.debug(fields, 'control plane still not usable')
    else if (end.kind === 'refused') log.error(fields, 'control plane refuses this proxy')
    else log.warn(fields, 'control plane not reachable')
    this.#trouble = wasConnected ? '' : reason
  }

  onOpen(): void {
    this.#connectedAt = performance.now()
    this.#trouble = ''
    this.#options.log.info({ url: this.#controlPlane.url }, 'control plane connected')
  }

  onSnapshot(text: string): void {
    this.#feed.offer(text)
  }

  onCurrent(text: string): void {
    const current = SnapshotCurrent.safeParse(parsed(text))
    const { identity, state } = this.#options.running
    if (!current.success || identity?.hash !== current.data.hash) {
      this.#options.log.error('the control plane confirms a snapshot that does not run here')
      return
    }
    this.#confirmed = true
    this.#report(current.data, { ...state, applyMs: 0 })
  }

  onNone(): void {
    this.#confirmed = true
    this.#options.log.info('no snapshot is active')
  }

  async #take(text: string): Promise<void> {
    const { running, lastGood, log } = this.#options
    const verified = await verifyDocumentInSlices(text, this.#memory, { pause: nextTurn })
    if (!verified.ok) {
      log.error({ reason: verified.message }, 'snapshot unreadable')
      return
    }
    const { document } = verified
    const { id, hash, seq } = document
    const applied = await running.apply(document)
    if (applied.result !== 'error') {
      this.#confirmed = true
      // on disk first: what the fleet says a proxy runs is what it comes back with after a crash
      await lastGood.save(text)
    }
    this.#report({ id, hash, seq: seq ?? 0 }, applied)
  }

  #report(about: { readonly id: string; readonly hash: string; readonly seq: number }, applied: Applied): void {
    const { identity: self, running } = this.#options
    const now = running.identity
    const ack: Ack = {
      proxyId: self.id,
      bootId: self.bootId,
      version: self.version,
      labels: { ...self.labels },
      seq: about.seq,
      snapshotId: about.id,
      hash: about.hash,
      result: applied.result,
      applyMs: applied.applyMs,
      running: now === undefined ? null : { snapshotId: now.id, hash: now.hash },
      problems: applied.problems.slice(0, 500),
    }
    this.#reporter.report(ack)
  }

  #heartbeat() {
    const { identity: self, running } = this.#options
    const now = running.identity
    return {
      proxyId: self.id,
      bootId: self.bootId,
      ...(now === undefined ? {} : { seq: now.seq, snapshotId: now.id, hash: now.hash }),
      uptimeS: Math.round(process.uptime()),
      connections: running.connections,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#controlPlane[Symbol.asyncDispose]()
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // the schema that is asked next refuses it
  }
}
