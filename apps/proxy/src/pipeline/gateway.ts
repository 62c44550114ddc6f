import { needsBody, type RouteEntry, type RouteTable } from '@vrata/routing'
import type { CompiledSnapshot, Steps } from '@vrata/snapshot'
import type { Exchange, ExchangeHome } from '../exchange.ts'
import { Failure } from '../failure/failure.ts'
import { answerFailure } from '../forwarding/answer-failure.ts'
import type { DestinationRuntime } from '../forwarding/destination.ts'
import { type Act, actOf } from './acts.ts'
import { bufferBody } from './body-buffer.ts'
import { type DestinationPorts, destinationRuntime } from './destinations.ts'
import type { Lease } from './keep.ts'
import { Members } from './members.ts'

/** Which snapshot a gateway was made from. */
export interface SnapshotIdentity {
  readonly id: string
  readonly name: string
  readonly hash: string
  /** Number of the activation; 0 when the control plane counts none. */
  readonly seq: number
}

/** What a gateway takes from the process. */
export interface GatewaySettings extends DestinationPorts {
  /** Bytes of a body that expressions may see; 0 = none. */
  readonly celBodyMaxSize: number
}

/** What of a compiled snapshot is bound to connections. */
export interface Bindings {
  readonly destinations: ReadonlyMap<string, DestinationRuntime>
  /** By the index of their entry in the route table. */
  readonly acts: readonly Act[]
}

/** Binds the destinations and actions of a snapshot, one at a step. Throws when that cannot be done. */
export function* bindings(snapshot: CompiledSnapshot, lease: Lease, settings: GatewaySettings): Steps<Bindings> {
  const destinations = new Map<string, DestinationRuntime>()
  for (const [id, destination] of snapshot.destinations) {
    yield
    destinations.set(id, destinationRuntime(destination, lease, settings))
  }
  const acts: Act[] = []
  for (const entry of snapshot.table.entries) {
    yield
    acts.push(actOf(entry, snapshot.actions[entry.index], destinations, settings))
  }
  return { destinations, acts }
}

/**
 * A snapshot, compiled and bound to connections. It never changes; a new snapshot makes a new gateway. Requests keep
 * the one they began with, and the last one to leave a retired gateway lets go of its claims.
 */
export class Gateway implements ExchangeHome {
  /** Changes when another snapshot of the same content is activated. */
  identity: SnapshotIdentity
  readonly snapshot: CompiledSnapshot
  readonly destinations: ReadonlyMap<string, DestinationRuntime>
  readonly exchanges = new Members<Exchange>()
  readonly #table: RouteTable
  readonly #acts: readonly Act[]
  readonly #lease: Lease
  readonly #settings: GatewaySettings
  readonly #routeAgain = (exchange: Exchange) => this.#route(exchange)
  /** Sockets that still lead here beside exchanges. */
  #holds = 0
  #retired = false
  #disposed = false

  constructor(
    identity: SnapshotIdentity,
    snapshot: CompiledSnapshot,
    { destinations, acts }: Bindings,
    lease: Lease,
    settings: GatewaySettings,
  ) {
    this.identity = identity
    this.snapshot = snapshot
    this.#lease = lease
    this.#settings = settings
    this.#table = snapshot.table
    this.destinations = destinations
    this.#acts = acts
  }

  /** Takes a request that a listener has admitted, to its end. */
  serve(exchange: Exchange): void {
    this.enter(exchange)
    if (exchange.rules.acceptsHost(exchange.host)) this.#route(exchange)
    else answerFailure(exchange, new Failure('no_route'))
  }

  #route(exchange: Exchange): void {
    try {
      const found = this.#table.match(exchange, exchange.rules.id)
      if (found === needsBody) bufferBody(exchange, this.#settings.celBodyMaxSize, this.#routeAgain)
      else if (found === undefined) answerFailure(exchange, new Failure('no_route'))
      else this.#act(found, exchange)
    } catch (thrown) {
      this.#settings.onMistake(thrown)
      answerFailure(exchange, new Failure('internal_error', {}, thrown))
    }
  }

  #act(entry: RouteEntry, exchange: Exchange): void {
    exchange.route = entry
    const act = this.#acts[entry.index]
    if (act === undefined) answerFailure(exchange, new Failure('internal_error'))
    else act(exchange)
  }

  enter(exchange: Exchange): void {
    exchange.home = this
    this.exchanges.add(exchange)
  }

  leave(exchange: Exchange): void {
    this.exchanges.delete(exchange)
    if (this.#retired) this.#disposeWhenEmpty()
  }

  /** A socket that drains may still bring requests here. @returns the release */
  hold(): () => void {
    this.#holds++
    return () => {
      this.#holds--
      if (this.#retired) this.#disposeWhenEmpty()
    }
  }

  /** No new requests will come; the claims are let go when the last exchange has ended. */
  retire(): void {
    this.#retired = true
    this.#disposeWhenEmpty()
  }

  #disposeWhenEmpty(): void {
    if (this.#disposed || this.#holds > 0 || this.exchanges.size > 0) return
    this.#disposed = true
    this.#lease[Symbol.dispose]()
  }
}
