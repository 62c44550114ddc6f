import { randomBytes } from 'node:crypto'
import { type Authority, type BodyLength, fieldName, isFieldValue, isToken, parseAuthority } from '@vrata/http1'
import { Failure } from '../../failure/failure.ts'
import { CollectedFields } from '../../headers/collected-fields.ts'
import { headerName, trait } from '../../headers/header-name.ts'
import type { ReceivedHead } from '../guard.ts'

/** The head of a request on HTTP/2, held to the same rules as on HTTP/1.1. */
export interface ReceivedRequest extends ReceivedHead {
  readonly fields: CollectedFields
  /** What `:protocol` asks to speak on the stream (RFC 8441, 4); undefined in an ordinary request. */
  readonly protocol: string | undefined
  /** The client waits for 100 before it sends the body. */
  readonly expectContinue: boolean
}

/** The same as of the codec for HTTP/1.1: all that can be seen in ASCII but `#`. */
const targetCharacters = /^[!"$-~]+$/
const longestMethod = 32
const colon = 58
const digits = /^[0-9]{1,15}$/

/** What is collected of the lines of one head. */
class Collected {
  readonly fields = new CollectedFields()
  method: string | undefined = undefined
  scheme: string | undefined = undefined
  authority: string | undefined = undefined
  path: string | undefined = undefined
  protocol: string | undefined = undefined
  cookie: string | undefined = undefined
  host: string | undefined = undefined
  contentLength: number | undefined = undefined
  expectContinue = false
}

/**
 * Reads the lines of a request head, names and values in turn, pseudo headers among them (RFC 9113, 8.3). What the HTTP/2
 * library has let through is checked again where another protocol would understand it differently.
 *
 * @param hasBody whether the stream goes on behind the head
 */
export function receivedRequest(lines: readonly string[], hasBody: boolean): ReceivedRequest | Failure {
  const collected = new Collected()
  const fault = collect(lines, collected)
  if (fault !== undefined) return refuse(fault)
  const { fields, contentLength, method = '', protocol, path: target = '', scheme } = collected
  if (method.length > longestMethod || !isToken(method)) return refuse('malformed method')
  const wrongProtocol = protocolFault(protocol, method)
  if (wrongProtocol !== undefined) return refuse(wrongProtocol)
  const authority = authorityOf(collected)
  if (typeof authority === 'string') return refuse(authority)
  if (!isTarget(target, method, protocol)) return refuse('malformed :path')
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https') return refuse('unknown :scheme')
  if (protocol?.toLowerCase() === 'websocket') addWebSocketKey(fields)
  const mark = target.indexOf('?')
  return {
    method: protocol === undefined ? method : 'GET', // what it is on HTTP/1.1
    target,
    path: mark === -1 ? target : target.slice(0, mark),
    query: mark === -1 ? '' : target.slice(mark + 1),
    authority,
    fields,
    bodyLength: protocol === undefined ? bodyLength(hasBody, contentLength) : 'none',
    protocol: protocol?.toLowerCase(),
    expectContinue: collected.expectContinue && hasBody,
  }
}

function refuse(message: string): Failure {
  return new Failure('bad_request', { message })
}

function bodyLength(hasBody: boolean, contentLength: number | undefined): BodyLength {
  return hasBody ? (contentLength ?? 'unknown') : 'none'
}

/** A sentence when something is wrong. */
function collect(lines: readonly string[], collected: Collected): string | undefined {
  for (let at = 0; at < lines.length; at += 2) {
    const name = lines[at] ?? ''
    const value = lines[at + 1] ?? ''
    const fault =
      name.charCodeAt(0) === colon ? collectPseudo(name, value, collected) : collectField(name, value, collected)
    if (fault !== undefined) return fault
  }
  // Clients may cut Cookie into pieces, which nobody behind a gateway has to understand (RFC 9113, 8.2.3).
  const cookieName = fieldName('cookie')
  if (collected.cookie !== undefined && cookieName !== undefined) collected.fields.push(cookieName, collected.cookie)
  return undefined
}

const pseudoNames = {
  ':method': 'method',
  ':scheme': 'scheme',
  ':authority': 'authority',
  ':path': 'path',
  ':protocol': 'protocol',
} as const

function isPseudoName(name: string): name is keyof typeof pseudoNames {
  return Object.hasOwn(pseudoNames, name)
}

function collectPseudo(name: string, value: string, collected: Collected): string | undefined {
  if (!isPseudoName(name)) return 'an unknown pseudo header'
  const member = pseudoNames[name]
  if (collected[member] !== undefined) return `more than one ${name}`
  collected[member] = value
  return undefined
}

/** Names that mean something on HTTP/1.1 connections only (RFC 9113, 8.2.2). */
const connectionBound = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'])

function collectField(text: string, value: string, collected: Collected): string | undefined {
  const name = fieldName(text)
  if (name === undefined || name.text !== name.lower) return 'malformed header name'
  if (!isFieldValue(value)) return 'malformed header value'
  if (connectionBound.has(name.lower)) return 'a header that belongs to HTTP/1.1 connections'
  switch (name.lower) {
    case 'host':
      if (collected.host !== undefined) return 'more than one Host header'
      collected.host = value
      return undefined
    case 'cookie':
      collected.cookie = collected.cookie === undefined ? value : `${collected.cookie}; ${value}`
      return undefined
    case 'expect':
      collected.expectContinue = value.toLowerCase() === '100-continue'
      if (!collected.expectContinue) return 'unknown expectation'
      break
    case 'content-length':
      if (collected.contentLength !== undefined) return 'more than one Content-Length header'
      if (!digits.test(value)) return 'malformed Content-Length header'
      collected.contentLength = Number(value)
      break
    default:
  }
  collected.fields.push(name, value)
  return undefined
}

/**
 * A sentence when a `:protocol` is wrong. It becomes the one word of an Upgrade; HTTP/2 itself is not spoken in it, as on
 * HTTP/1.1: whatever came there would pass by all policies.
 */
function protocolFault(protocol: string | undefined, method: string): string | undefined {
  if (protocol === undefined) return undefined
  if (method !== 'CONNECT') return 'only CONNECT may have a :protocol'
  if (!isToken(protocol)) return 'malformed :protocol'
  return protocol.toLowerCase() === 'h2c' ? 'HTTP/2 is not spoken on a stream' : undefined
}

/** `:authority` and Host must agree where both are sent (RFC 9113, 8.3.1). A sentence when they do not. */
function authorityOf({ authority: written, host: hostText }: Collected): Authority | string {
  const text = written ?? hostText
  if (text === undefined) return ':authority is missing'
  const authority = parseAuthority(text)
  if (authority === undefined) return 'malformed :authority'
  if (written === undefined || hostText === undefined) return authority
  const host = parseAuthority(hostText)
  if (host === undefined) return 'malformed Host header'
  return host.host === authority.host && host.port === authority.port ? authority : 'Host and :authority differ'
}

function isTarget(target: string, method: string, protocol: string | undefined): boolean {
  if (method === 'CONNECT' && protocol === undefined) return true // refused by the guard
  if (target === '*') return method === 'OPTIONS'
  return target.startsWith('/') && targetCharacters.test(target)
}

/** What an upstream on HTTP/1.1 asks for, and HTTP/2 does without (RFC 8441, 5.1). */
function addWebSocketKey(fields: CollectedFields): void {
  fields.push(headerName('sec-websocket-key'), randomBytes(16).toString('base64'))
}

/** Trailers of a request, names and values in turn, without lines that must not be believed or stand there. */
export function receivedTrailers(lines: readonly string[], hidden: number): readonly string[] {
  const passed: string[] = []
  const left = hidden | trait.hopByHop | trait.contentLength | trait.host
  for (let at = 0; at < lines.length; at += 2) {
    const name = fieldName(lines[at] ?? '')
    const value = lines[at + 1] ?? ''
    if (name !== undefined && (name.flags & left) === 0 && isFieldValue(value)) passed.push(name.text, value)
  }
  return passed
}
