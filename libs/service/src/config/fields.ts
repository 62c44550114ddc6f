import { parseDuration, suggestDuration } from '@vrata/notation'
import { z } from 'zod'

/**
 * A problem that a field's own check found; the reader of the issue finds the suggestion in `params`.
 * Used by every custom check of the configuration schemas.
 */
export function complain(context: z.RefinementCtx, message: string, suggestion?: string): void {
  context.addIssue({ code: 'custom', message, ...(suggestion === undefined ? {} : { params: { suggestion } }) })
}

/** A duration in Go notation, as milliseconds. `positive` refuses zero, where it would mean a busy loop. */
export function duration(options: { readonly positive?: boolean } = {}) {
  return z
    .union([z.string(), z.number()], { error: 'must be a duration such as 500ms, 10s or 1h30m' })
    .transform((value, context) => {
      const ms = parseDuration(String(value))
      if (ms === undefined) {
        complain(context, `${JSON.stringify(value)} is not a duration`, suggestDuration(String(value)))
        return z.NEVER
      }
      if (options.positive === true && ms === 0) {
        complain(context, 'must be longer than zero')
        return z.NEVER
      }
      return ms
    })
}

/** A duration where the empty string (also written by leaving it out) means "for ever": undefined. */
export function durationOrEmpty() {
  return z.union([z.literal('').transform(() => undefined), duration({ positive: true })]).optional()
}

/** `host:port` to listen on or to connect to; the host may be empty (all interfaces) only when listening. */
export interface HostPort {
  readonly host: string
  readonly port: number
}

/**
 * Splits `host:port`, `:port` and `[v6]:port`; undefined when it is none of them. The brackets of an IPv6 address
 * are taken off; port 0 (any free port) is allowed.
 */
export function parseHostPort(text: string): HostPort | undefined {
  const [, v6, name, digits] = /^(?:\[([0-9A-Fa-f:.%a-z]+)\]|([^\s:/[\]]*)):(\d{1,5})$/.exec(text) ?? []
  const port = Number(digits)
  if (digits === undefined || port > 65_535) return undefined
  return { host: v6 ?? name ?? '', port }
}

/** An address to listen on, kept as text. */
export function listenAddress() {
  return z.string().superRefine((text, context) => {
    if (parseHostPort(text) === undefined) complain(context, `${JSON.stringify(text)} is not host:port or :port`)
  })
}

/** Like {@link listenAddress}, where the empty string switches the endpoint off. */
export function optionalListenAddress() {
  return z.union([z.literal(''), listenAddress()])
}

/** An address to connect to: host and port, both given. */
export function remoteAddress() {
  return z.string().superRefine((text, context) => {
    const parsed = parseHostPort(text)
    if (parsed === undefined || parsed.host === '' || parsed.port === 0) {
      complain(context, `${JSON.stringify(text)} is not host:port`)
    }
  })
}

/** An absolute URL of one of the schemes (`http:` …), without trailing slashes. */
export function url(schemes: readonly string[]) {
  return z.string().transform((text, context) => {
    const parsed = URL.canParse(text) ? new URL(text) : undefined
    if (parsed === undefined || !schemes.includes(parsed.protocol) || parsed.hostname === '') {
      const wanted = schemes.map((scheme) => `${scheme}//`).join(' or ')
      complain(context, `must be a URL that begins with ${wanted}`)
      return z.NEVER
    }
    return text.replace(/\/+$/, '')
  })
}

/** A non-empty string. */
export function text() {
  return z.string().min(1, { error: 'must not be empty' })
}

/** PEM text, or the path of a file that holds it; read by `readMaterial` when the program starts. */
export function pemOrPath() {
  return text()
}

/** A key of exactly 32 bytes in standard base64, kept as text. */
export function base64Key() {
  return z.string().superRefine((value, context) => {
    const bytes = /^[A-Za-z0-9+/]{43}=$/.test(value) ? Buffer.from(value, 'base64').length : 0
    if (bytes !== 32) complain(context, 'must be the standard base64 form of exactly 32 bytes (44 characters)')
  })
}

/** A whole number of something countable, zero included. */
export function count() {
  return z.int().min(0)
}
