/** Milliseconds of the units of `grpc-timeout` (gRPC over HTTP/2, "Requests"). */
const units: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 0.001, n: 0.000_001 }

const wellFormed = /^(\d{1,8})([HMSmun])$/

/** The most that eight digits can say. */
const mostDigits = 99_999_999

/**
 * How long a call of gRPC may take, in milliseconds: what the client asks for, at most `limit`. A value that cannot be
 * read asks for nothing.
 */
export function grpcDeadline(asked: string | undefined, limit: number): number {
  const [, digits, unit] = wellFormed.exec(asked ?? '') ?? []
  if (digits === undefined || unit === undefined) return limit
  return Math.min(limit, Number(digits) * (units[unit] ?? 0))
}

/** A value of `grpc-timeout`: milliseconds, microseconds for less than one, seconds for what has too many digits. */
export function grpcTimeoutText(milliseconds: number): string {
  if (milliseconds < 1) return `${Math.round(milliseconds * 1_000)}u`
  const whole = Math.round(milliseconds)
  return whole <= mostDigits ? `${whole}m` : `${Math.min(mostDigits, Math.round(whole / 1_000))}S`
}
