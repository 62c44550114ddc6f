import { type Authority, parseAuthority } from './authority.ts'
import { isToken } from './field-names.ts'
import type { Reason } from './reasons.ts'

/** The four forms of a request target. RFC 9112, 3.2 */
export type TargetForm = 'origin' | 'absolute' | 'authority' | 'asterisk'

/** The minor version: HTTP/1.0 or HTTP/1.1. */
export type Minor = 0 | 1

/** A request line taken apart. */
export interface RequestLine {
  readonly method: string
  /** As it was sent. */
  readonly target: string
  readonly form: TargetForm
  readonly minor: Minor
  /** Of an absolute target: `http` or `https`. */
  readonly scheme: 'http' | 'https' | undefined
  /** Of an absolute target or that of CONNECT. */
  readonly authority: Authority | undefined
  /** Path and query: from which position of `target` on. */
  readonly pathAt: number
}

/** A status line taken apart. */
export interface StatusLine {
  readonly status: number
  /** The reason phrase, often empty. */
  readonly phrase: string
  readonly minor: Minor
}

const maxMethodLength = 32
const slash = 47
const versionLength = 'HTTP/1.1'.length
/** All that can be seen in ASCII but "#", which no target holds. */
const targetCharacters = /^[!"$-~]+$/
const absoluteForm = /^(https?):\/\/([^/?]*)(.*)$/i
const versionForm = /^HTTP\/[0-9]\.[0-9]$/
const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'])

/** Whether a text can be a method: a token of at most 32 characters. */
export function isMethod(text: string): boolean {
  return knownMethods.has(text) || (text.length <= maxMethodLength && isToken(text))
}

function minorVersion(text: string): Minor | Reason {
  if (text === 'HTTP/1.1') return 1
  if (text === 'HTTP/1.0') return 0
  return versionForm.test(text) ? 'version_unsupported' : 'version_malformed'
}

/** Reads the first `end` characters of a checked head as a request line. RFC 9112, 3 */
export function parseRequestLine(text: string, end: number): RequestLine | Reason {
  const methodEnd = text.indexOf(' ')
  const targetEnd = end - versionLength - 1
  if (methodEnd < 0 || methodEnd >= end) return 'request_line_malformed'
  if (methodEnd >= targetEnd || text.charCodeAt(targetEnd) !== 32) return faultyLine(text.slice(0, end))
  const method = text.slice(0, methodEnd)
  if (!isMethod(method)) return 'method_malformed'
  const minor = minorVersion(text.slice(targetEnd + 1, end))
  if (typeof minor === 'string') return minor
  const target = text.slice(methodEnd + 1, targetEnd)
  return parseTarget(method, target, minor)
}

/** Which reason fits a line that has no version of the usual length at its end. */
function faultyLine(line: string): Reason {
  const words = line.split(' ')
  if (words.length !== 3 || words.includes('')) return 'request_line_malformed'
  return 'version_malformed'
}

/** Reads a target, whose form must fit the method. RFC 9112, 3.2 */
export function parseTarget(method: string, target: string, minor: Minor): RequestLine | Reason {
  if (!targetCharacters.test(target))
    return target.includes(' ') || target === '' ? 'request_line_malformed' : 'target_malformed'
  if (method === 'CONNECT') {
    const authority = parseAuthority(target)
    if (authority?.port === undefined) return 'target_form_not_allowed'
    return { method, target, form: 'authority', minor, scheme: undefined, authority, pathAt: target.length }
  }
  if (target.charCodeAt(0) === slash) {
    return { method, target, form: 'origin', minor, scheme: undefined, authority: undefined, pathAt: 0 }
  }
  if (target === '*') {
    if (method !== 'OPTIONS') return 'target_form_not_allowed'
    return { method, target, form: 'asterisk', minor, scheme: undefined, authority: undefined, pathAt: 0 }
  }
  return parseAbsolute(method, target, minor)
}

function parseAbsolute(method: string, target: string, minor: Minor): RequestLine | Reason {
  const found = absoluteForm.exec(target)
  if (found === null) return parseAuthority(target) === undefined ? 'target_malformed' : 'target_form_not_allowed'
  const [, prefix = '', written = '', rest = ''] = found
  const authority = parseAuthority(written)
  if (authority === undefined) return 'target_malformed'
  const scheme = prefix.length === 'https'.length ? 'https' : 'http'
  return { method, target, form: 'absolute', minor, scheme, authority, pathAt: target.length - rest.length }
}

const phraseCharacters = /^[\t -~\x80-\xff]*$/

/** Whether a text can be a reason phrase. */
export function isPhrase(text: string): boolean {
  return phraseCharacters.test(text)
}

/**
 * Reads the first `end` characters of a checked head as a status line. The space before an empty reason phrase may be
 * missing: many servers forget it, and it can not be mistaken. RFC 9112, 4
 */
export function parseStatusLine(text: string, end: number): StatusLine | Reason {
  const minor = minorVersion(text.slice(0, Math.min(end, versionLength)))
  if (typeof minor === 'string') return minor
  const statusAt = versionLength + 1
  const phraseAt = statusAt + 4
  const digits = text.slice(statusAt, Math.min(end, statusAt + 3))
  if (text.charCodeAt(versionLength) !== 32 || !/^[0-9]{3}$/.test(digits)) return 'status_line_malformed'
  if (end > phraseAt - 1 && text.charCodeAt(phraseAt - 1) !== 32) return 'status_line_malformed'
  const status = Number(digits)
  if (status < 100 || status > 599) return 'status_out_of_range'
  return { status, phrase: text.slice(phraseAt, Math.max(end, phraseAt)), minor }
}
