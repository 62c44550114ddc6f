import { type Address, distinctEndpoints } from '@vrata/balancers'
import type { EndpointSource, Endpoints } from './endpoint-source.ts'

/** Endpoints that never change: listed in the configuration, an IP address, or a name that is resolved when dialled. */
export class FixedEndpoints implements EndpointSource {
  readonly current: Endpoints

  /** Keeps the order, drops repetitions. */
  constructor(addresses: readonly Address[]) {
    this.current = { state: 'known', addresses: distinctEndpoints(addresses) }
  }

  watch(): () => void {
    return nothing
  }
}

function nothing(): void {}
