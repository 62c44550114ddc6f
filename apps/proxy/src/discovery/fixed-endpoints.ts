import { type Address, addressText, type EndpointSource, type Endpoints } from './endpoint-source.ts'

/** Endpoints that never change: listed in the configuration, an IP address, or a name that is resolved when dialled. */
export class FixedEndpoints implements EndpointSource {
  readonly current: Endpoints

  /** Keeps the order, drops repetitions. */
  constructor(addresses: readonly Address[]) {
    const distinct = new Map(addresses.map((address) => [addressText(address), address]))
    this.current = { state: 'known', addresses: [...distinct.values()] }
  }

  watch(): () => void {
    return nothing
  }
}

function nothing(): void {}
