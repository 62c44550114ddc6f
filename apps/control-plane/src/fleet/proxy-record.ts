import type { Ack, Heartbeat, ProxyState } from '@vrata/model'
import type { ProxyIdentity } from './identity.ts'
import { inShort } from './short-report.ts'

/** What the fleet should run. */
export interface Goal {
  readonly snapshotId: string
  readonly hash: string
  readonly seq: number
}

/** A moment: for people, and for measuring, which a clock that is set back must not disturb. */
export interface Moment {
  /** RFC 3339. */
  readonly at: string
  /** Milliseconds of the monotonic clock. */
  readonly ms: number
}

/** How long a proxy may take over what it was sent before it counts as stale, in milliseconds. */
const patience = 10_000

/** Everything known of one proxy with an identity. */
export class ProxyRecord {
  readonly id: string
  bootId = ''
  version: string | undefined
  labels: Readonly<Record<string, string>> = {}
  remote = ''
  lastSeen: Moment
  /** When each of its open streams began; normally there is one. */
  readonly streams = new Map<symbol, Moment>()
  ack: { readonly at: Moment; readonly ack: Ack; readonly truncated: boolean } | undefined
  heartbeat: Heartbeat | undefined
  running: { readonly snapshotId: string; readonly hash: string } | undefined
  /** Since when it is expected to reach this goal. */
  #asked: { readonly seq: number; readonly since: Moment } | undefined

  constructor(id: string, now: Moment) {
    this.id = id
    this.lastSeen = now
  }

  /** A stream begins or a report names the process: a new one starts without a past. */
  identify(facts: Omit<ProxyIdentity, 'id'>, remote: string, now: Moment): void {
    if (facts.bootId !== '' && facts.bootId !== this.bootId) {
      if (this.bootId !== '') this.#forget()
      this.bootId = facts.bootId
    }
    this.version = facts.version ?? this.version
    if (Object.keys(facts.labels).length > 0) this.labels = facts.labels
    this.remote = remote
    this.lastSeen = now
  }

  /** It is being sent this, or is told that it has it. */
  asked(goal: Goal, now: Moment): void {
    this.#asked = { seq: goal.seq, since: now }
  }

  /** Takes a report in; the newest of a process counts, older ones are ignored. */
  report(ack: Ack, now: Moment): boolean {
    if (this.ack && ack.bootId === this.ack.ack.bootId && ack.seq < this.ack.ack.seq) return false
    this.ack = { at: now, ...inShort(ack) }
    if (ack.running) this.running = ack.running
    else if (ack.result !== 'error') this.running = { snapshotId: ack.snapshotId, hash: ack.hash }
    return true
  }

  /** Takes a sign of life in. */
  beat(heartbeat: Heartbeat): void {
    this.heartbeat = heartbeat
    const { snapshotId, hash } = heartbeat
    if (snapshotId !== undefined && hash !== undefined) this.running = { snapshotId, hash }
  }

  /** How it stands to the goal. */
  state(goal: Goal | undefined, now: Moment, heartbeatTimeout: number): ProxyState {
    if (this.isLost(now, heartbeatTimeout)) return 'lost'
    if (!goal) return 'inSync'
    const answer = this.ack?.ack
    if (answer && answer.seq === goal.seq && answer.hash === goal.hash && answer.result !== 'ok') return 'error'
    if (this.running?.hash === goal.hash) return 'inSync'
    // Not asked yet: it has just come, or its stream is behind; the wait counts from its last sign of life.
    const since = this.#asked?.seq === goal.seq ? this.#asked.since : this.lastSeen
    return now.ms - since.ms < patience ? 'applying' : 'stale'
  }

  /** No stream, and no sign of life for too long. */
  isLost(now: Moment, heartbeatTimeout: number): boolean {
    return this.streams.size === 0 && now.ms - this.lastSeen.ms > heartbeatTimeout
  }

  #forget(): void {
    this.ack = undefined
    this.heartbeat = undefined
    this.running = undefined
    this.#asked = undefined
  }
}
