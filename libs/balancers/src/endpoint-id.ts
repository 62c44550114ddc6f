/** Where one endpoint is. */
export interface Address {
  /** IP address without brackets, or a name that is resolved when a connection is made. */
  readonly host: string
  readonly port: number
}

/** `host:port`, with brackets around IPv6: the id of an endpoint in pins, hashes, errors and logs. */
export function endpointId({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** The endpoints of a list, each once, where it first stands. */
export function distinctEndpoints<A extends Address>(addresses: readonly A[]): readonly A[] {
  const distinct = new Map<string, A>()
  for (const address of addresses) {
    const id = endpointId(address)
    if (!distinct.has(id)) distinct.set(id, address)
  }
  return [...distinct.values()]
}
