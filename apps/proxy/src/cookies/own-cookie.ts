/** A cookie that the gateway gives to a client. */
export interface OwnCookie {
  readonly name: string
  readonly value: string
  /** Milliseconds that it lasts. */
  readonly ttl: number
}

/**
 * The value of `Set-Cookie` (RFC 6265, 4.1). For the whole host, out of reach of scripts, not sent along with requests
 * that other sites cause; over TLS only if it was set over TLS.
 */
export function setCookieLine({ name, value, ttl }: OwnCookie, secure: boolean): string {
  const seconds = Math.max(1, Math.floor(ttl / 1_000))
  const line = `${name}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax`
  return secure ? `${line}; Secure` : line
}
