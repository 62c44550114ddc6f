import { randomDigits } from './random-digits.ts'

/** `traceparent` of W3C Trace Context, version 00; later versions may bring more fields behind it. */
const wellFormed = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:-.*)?$/

/**
 * The `traceparent` that goes upstream: the received one if it is well formed, else a new trace. New ones carry the
 * flag "sampled", because a service behind that follows its parent would otherwise record nothing at all.
 */
export function newTraceparent(received: string | undefined): string {
  if (received !== undefined && wellFormed.test(received)) return received
  return `00-${randomDigits(32)}-${randomDigits(16)}-01`
}

/** The 32 hexadecimal digits that name a trace. */
export function traceIdOf(traceparent: string): string {
  return traceparent.slice(3, 35)
}
