import type { z } from 'zod'
import { unlessReference } from './secret-reference.ts'
import { pattern, quote, text } from './text.ts'

const tokenPattern = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** Headers that belong to one connection (RFC 9110, 7.6.1, and the old ones that proxies still strip). */
export const hopByHopHeaders: ReadonlySet<string> = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Headers by which proxies tell what they know of the client; believed only from peers that are trusted (RFC 7239). */
export const forwardedHeaders: ReadonlySet<string> = new Set([
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'forwarded',
])

/** Headers that frame a message: setting them would contradict the bytes that are sent. */
export const framingHeaders: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding'])

/** Whether the text is a token (RFC 9110, 5.6.2): a method, a header name, a cookie name. */
export function isToken(text: string): boolean {
  return tokenPattern.test(text)
}

/** A header name. Case is kept; comparing ignores it. */
export function headerName(): z.ZodString {
  return pattern(tokenPattern, 'a header name', 'header.invalid')
}

/** A header name that configuration may set or remove: neither `host`, nor framing, nor bound to one connection. */
export function mutableHeaderName(): z.ZodString {
  return text((value) => checkMutableHeader(value))
}

/** A header name as above, or the beginning of one followed by `*`. */
export function mutableHeaderPattern(): z.ZodString {
  return text((value) => {
    if (!value.endsWith('*')) return checkMutableHeader(value)
    return checkHeaderPrefix(value)
  })
}

/** A header name, or the beginning of one followed by `*`; a bare `*` only where it is asked for. */
export function headerPattern(options: { readonly bare: boolean } = { bare: false }): z.ZodString {
  return text((value) => {
    if (value.endsWith('*')) return options.bare && value === '*' ? undefined : checkHeaderPrefix(value)
    return isToken(value) ? undefined : { message: `${quote(value)} is not a header name`, code: 'header.invalid' }
  })
}

function checkHeaderPrefix(value: string) {
  const prefix = value.slice(0, -1)
  if (prefix === '')
    return { message: 'a bare "*" would take every header; write a beginning before it', code: 'header.invalid' }
  if (isToken(prefix) && !prefix.includes('*')) return undefined
  return { message: `${quote(value)} is not a header name with a "*" at its end`, code: 'header.invalid' }
}

function checkMutableHeader(value: string) {
  if (!isToken(value)) return { message: `${quote(value)} is not a header name`, code: 'header.invalid' }
  const name = value.toLowerCase()
  if (name === 'host')
    return { message: 'the host cannot be changed here; use the rewrite of the route', code: 'header.forbidden' }
  if (hopByHopHeaders.has(name) || framingHeaders.has(name))
    return { message: `${quote(value)} is set by the proxy itself and cannot be changed`, code: 'header.forbidden' }
  return undefined
}

/** A header value: no line breaks, no NUL, no other control character but the tab (RFC 9110, 5.5), nothing beyond Latin-1. */
export function headerValue(): z.ZodString {
  return text((value) =>
    /(?!\t)\p{Cc}|[^\0-\xff]/u.test(value)
      ? {
          message: 'a header value holds neither control characters nor letters beyond Latin-1',
          code: 'header.invalid',
        }
      : undefined,
  )
}

/** A request method, read in upper case. */
export function httpMethod(): z.ZodString {
  return pattern(tokenPattern, 'a request method', 'method.invalid').overwrite(
    unlessReference((value) => value.toUpperCase()),
  )
}

/** A cookie name (RFC 6265, 4.1.1). */
export function cookieName(): z.ZodString {
  return pattern(tokenPattern, 'a cookie name', 'cookie.invalid')
}
