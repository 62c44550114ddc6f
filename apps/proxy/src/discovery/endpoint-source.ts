/** Where one endpoint is. */
export interface Address {
  /** IP address without brackets, or a name that is resolved when a connection is made. */
  readonly host: string
  readonly port: number
}

/**
 * What is known of the endpoints of a destination. `pending`: the first answer is awaited, and requests wait with it.
 * `unknown`: there was no answer yet, only failures. `known`: these and no others, also when there are none.
 */
export type Endpoints =
  | { readonly state: 'pending' }
  | { readonly state: 'unknown'; readonly cause: unknown }
  | { readonly state: 'known'; readonly addresses: readonly Address[] }

/** Tells where the endpoints of a destination are, now and whenever that changes. */
export interface EndpointSource {
  readonly current: Endpoints
  /** Calls back after each change of `current`, until the result is called. */
  watch(onChange: () => void): () => void
}

/** `host:port`, with brackets around IPv6: the id of an endpoint in pins, hashes, errors and logs. */
export function addressText({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
