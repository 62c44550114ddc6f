/** A request that a backend saw, wholly or in part. */
export interface Seen {
  /** That of its own answer; 200 only when it has read the whole request. */
  readonly status: number
  /** Method and target, or what the backend says of a request that it could not read. */
  readonly request: string
}

/**
 * A backend of a kind that is in use in the world, told to be as lenient as it can. It answers every request that it
 * has read wholly with 200 and `x-echo: METHOD TARGET from=X-CLIENT`.
 */
export interface ObservedBackend {
  /** `127.0.0.1:PORT`. */
  readonly address: string
  /** All requests so far, as its own log tells. */
  seen(): Promise<readonly Seen[]>
}

/** Reads lines of the form `STATUS METHOD TARGET ...`. */
export function parseSeen(lines: readonly string[]): Seen[] {
  return lines.filter(Boolean).map((line) => {
    const [status = '', method = '', target = ''] = line.split(' ')
    return { status: Number(status), request: `${method} ${target}` }
  })
}
