import {
  type Ack,
  type Fleet as FleetDocument,
  type FleetProxy,
  type Heartbeat,
  type ProxyState,
  proxyStates,
} from '@vrata/model'
import type { ProxyIdentity } from './identity.ts'
import { type Goal, type Moment, ProxyRecord } from './proxy-record.ts'

/** How long a proxy that is lost is remembered, in milliseconds. */
const memory = 3_600_000
/** How many proxies are remembered: reports can name any. */
const mostProxies = 10_000

/** Where the fleet gets the time from; tests turn it by hand. */
export interface FleetClock {
  /** Milliseconds that only grow. */
  monotonic(): number
  now(): Date
}

export const systemClock: FleetClock = { monotonic: () => performance.now(), now: () => new Date() }

export interface FleetOptions {
  /** Milliseconds of silence after which a proxy without a stream is lost. */
  readonly heartbeatTimeout: number
  /** Name of this node of the control plane. */
  readonly node: string
  readonly clock?: FleetClock
}

/** One open stream, as the fleet sees it. */
export interface FleetStream {
  /** What a log calls it: the proxy's id, or `anon-N`. */
  readonly name: string
  readonly inSync: () => boolean
  readonly sent: (goal: Goal) => void
  readonly closed: () => void
}

/** Which proxies to show. */
export interface FleetFilter {
  readonly state?: ProxyState | undefined
  /** `key` = has it, `key=value` = has it with this value; all must hold. */
  readonly labels?: readonly string[] | undefined
}

interface SilentStream {
  readonly name: string
  readonly remote: string
  readonly since: Moment
}

/** Who is connected, what each proxy was sent, what it reported. Kept in memory: streams and reports rebuild it. */
export class Fleet {
  readonly #heartbeatTimeout: number
  readonly #node: string
  readonly #clock: FleetClock
  readonly #proxies = new Map<string, ProxyRecord>()
  readonly #silent = new Map<symbol, SilentStream>()
  #anonymous = 0
  #goal: Goal | undefined

  constructor({ heartbeatTimeout, node, clock = systemClock }: FleetOptions) {
    this.#heartbeatTimeout = heartbeatTimeout
    this.#node = node
    this.#clock = clock
  }

  /** Sets what everybody should run; undefined when nothing is active. */
  aim(goal: Goal | undefined): void {
    this.#goal = goal
  }

  /** A stream was opened. `have` is the hash of what the client says it runs. */
  opened(identity: ProxyIdentity | undefined, remote: string, have: string | undefined): FleetStream {
    const key = Symbol()
    const now = this.#moment()
    if (!identity) {
      const name = `anon-${++this.#anonymous}`
      this.#silent.set(key, { name, remote, since: now })
      return { name, inSync: () => false, sent: () => undefined, closed: () => void this.#silent.delete(key) }
    }
    const proxy = this.#record(identity.id, now)
    proxy.identify(identity, remote, now)
    proxy.streams.set(key, now)
    const goal = this.#goal
    if (goal && have === goal.hash) proxy.running = goal
    return {
      name: identity.id,
      inSync: () => this.#state(proxy, this.#moment()) === 'inSync',
      sent: (asked) => proxy.asked(asked, this.#moment()),
      closed: () => {
        proxy.streams.delete(key)
        proxy.lastSeen = this.#moment()
      },
    }
  }

  /** A proxy says what became of a snapshot; false when it has said something newer already. */
  report(ack: Ack, remote: string): boolean {
    const now = this.#moment()
    const proxy = this.#record(ack.proxyId, now)
    proxy.identify({ bootId: ack.bootId, version: ack.version, labels: ack.labels ?? {} }, remote, now)
    return proxy.report(ack, now)
  }

  /** A proxy lives, and tells of its traffic. */
  beat(heartbeat: Heartbeat, remote: string): void {
    const now = this.#moment()
    const proxy = this.#record(heartbeat.proxyId, now)
    proxy.identify({ bootId: heartbeat.bootId, version: undefined, labels: {} }, remote, now)
    proxy.beat(heartbeat)
  }

  /** Everybody, sorted by id. Counts are of those with the wanted labels, in whatever state. */
  document(filter: FleetFilter = {}): FleetDocument {
    const now = this.#moment()
    this.#forgetLost(now)
    const shown = this.#all(now).filter((proxy) => (filter.labels ?? []).every((label) => hasLabel(proxy, label)))
    const count = (state: ProxyState) => shown.filter((proxy) => proxy.state === state).length
    const counts = Object.fromEntries(proxyStates.map((state) => [state, count(state)])) as FleetDocument['counts']
    const proxies = filter.state ? shown.filter((proxy) => proxy.state === filter.state) : shown
    const { snapshotId = '', hash = '', seq = 0 } = this.#goal ?? {}
    return { active: this.#goal ? { snapshotId, hash, seq } : null, proxies, counts }
  }

  /** One, or undefined. */
  proxy(id: string): FleetProxy | undefined {
    const now = this.#moment()
    this.#forgetLost(now)
    return this.#all(now).find((proxy) => proxy.id === id)
  }

  #all(now: Moment): FleetProxy[] {
    const known = [...this.#proxies.values()].map((proxy) => this.#show(proxy, now))
    const silent = [...this.#silent.values()].map((stream) => this.#showSilent(stream))
    return [...known, ...silent].sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  #show(proxy: ProxyRecord, now: Moment): FleetProxy {
    const { ack, heartbeat, running, version } = proxy
    const since = [...proxy.streams.values()].at(-1)
    const window = heartbeat?.window
    return {
      id: proxy.id,
      ...(version === undefined ? {} : { version }),
      labels: { ...proxy.labels },
      remote: proxy.remote,
      node: this.#node,
      connectedSince: since?.at ?? null,
      lastSeen: proxy.lastSeen.at,
      state: this.#state(proxy, now),
      snapshotId: running?.snapshotId ?? null,
      hash: running?.hash ?? null,
      wantedSnapshotId: this.#goal?.snapshotId ?? null,
      lastAck: ack ? { at: ack.at.at, ...ackFacts(ack.ack), ...(ack.truncated ? { truncated: true } : {}) } : null,
      stats: window ? { requests: window.requests, errors5xx: window.errors5xx, ...p99(window.p99Ms) } : null,
    }
  }

  #showSilent({ name, remote, since }: SilentStream): FleetProxy {
    const wantedSnapshotId = this.#goal?.snapshotId ?? null
    const unknown = { snapshotId: null, hash: null, lastAck: null, stats: null }
    const seen = { connectedSince: since.at, lastSeen: since.at }
    return { id: name, labels: {}, remote, node: this.#node, ...seen, state: 'silent', wantedSnapshotId, ...unknown }
  }

  #state(proxy: ProxyRecord, now: Moment): ProxyState {
    return proxy.state(this.#goal, now, this.#heartbeatTimeout)
  }

  #record(id: string, now: Moment): ProxyRecord {
    const known = this.#proxies.get(id)
    if (known) return known
    if (this.#proxies.size >= mostProxies) this.#forgetOldest()
    const made = new ProxyRecord(id, now)
    this.#proxies.set(id, made)
    return made
  }

  #forgetLost(now: Moment): void {
    for (const [id, proxy] of this.#proxies) {
      if (proxy.isLost(now, this.#heartbeatTimeout + memory)) this.#proxies.delete(id)
    }
  }

  /** Makes room for one by the one without a stream that was silent longest. */
  #forgetOldest(): void {
    let oldest: ProxyRecord | undefined
    for (const proxy of this.#proxies.values()) {
      if (proxy.streams.size === 0 && (!oldest || proxy.lastSeen.ms < oldest.lastSeen.ms)) oldest = proxy
    }
    if (oldest) this.#proxies.delete(oldest.id)
  }

  #moment(): Moment {
    return { at: this.#clock.now().toISOString(), ms: this.#clock.monotonic() }
  }
}

function hasLabel({ labels }: FleetProxy, wanted: string): boolean {
  const [, key = wanted, value] = /^([^=]*)=(.*)$/s.exec(wanted) ?? []
  return Object.hasOwn(labels, key) && (value === undefined || labels[key] === value)
}

function ackFacts({ result, applyMs, problems }: Ack) {
  return { result, ...(applyMs === undefined ? {} : { applyMs }), problems: problems ?? [] }
}

function p99(p99Ms: number | undefined) {
  return p99Ms === undefined ? {} : { p99Ms }
}
