import { randomFillSync } from 'node:crypto'

/** `traceparent` of W3C Trace Context, version 00; later versions may bring more fields behind it. */
const wellFormed = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:-.*)?$/

const bytesPerTrace = 24
const pool = Buffer.alloc(bytesPerTrace * 128)
let used = pool.length

/**
 * The `traceparent` that goes upstream: the received one if it is well formed, else a new trace. New ones carry the
 * flag "sampled", because a service behind that follows its parent would otherwise record nothing at all.
 */
export function newTraceparent(received: string | undefined): string {
  if (received !== undefined && wellFormed.test(received)) return received
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const traceId = pool.toString('hex', used, used + 16)
  const spanId = pool.toString('hex', used + 16, used + bytesPerTrace)
  used += bytesPerTrace
  return `00-${traceId}-${spanId}-01`
}

/** The 32 hexadecimal digits that name a trace. */
export function traceIdOf(traceparent: string): string {
  return traceparent.slice(3, 35)
}
