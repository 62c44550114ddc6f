/** What a load generator saw in one run. */
export interface LoadResult {
  /** Complete answers (or messages) per second. */
  readonly rate: number
  /** Answers with another status than 2xx or 3xx, and connections that failed. */
  readonly errors: number
  /** Milliseconds until the answer, as far as the generator tells. */
  readonly latency: { readonly p50: number; readonly p99: number } | undefined
}
