import { type Authority, parseAuthority } from './authority.ts'
import { type FieldName, isToken, nameFlag } from './field-names.ts'
import type { Reason } from './reasons.ts'
import type { Minor } from './start-line.ts'

/** Where a body ends. `close` exists in responses only: the body lasts as long as the connection. */
export type Framing = 'none' | 'length' | 'chunked' | 'close'

/** The largest Content-Length has 16 digits; more are refused unread. */
const maxDigits = 16
const digitsOnly = /^[0-9]+$/
const protocolForm = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:\/[!#$%&'*+.^_`|~0-9A-Za-z-]+)?$/

/** White space of HTTP is space and tab; `String.trim` would take away bytes that count. */
function trimBlanks(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return start === 0 && end === text.length ? text : text.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9
}

/** The elements of a comma-separated list; empty ones are ignored. RFC 9110, 5.6.1.2 */
function listElements(value: string): string[] {
  if (!value.includes(',')) return value === '' ? [] : [value]
  return value
    .split(',')
    .map(trimBlanks)
    .filter((element) => element !== '')
}

/** The protocols that a value of Upgrade lists; undefined when it is no such list, or an empty one. RFC 9110, 7.8 */
export function protocolsOf(value: string): readonly string[] | undefined {
  const protocols = listElements(value)
  return protocols.length > 0 && protocols.every((protocol) => protocolForm.test(protocol)) ? protocols : undefined
}

/** Whether all chosen protocols were offered; names are compared without case. */
export function choosesOffered(offered: readonly string[], chosen: readonly string[]): boolean {
  const offers = offered.map((protocol) => protocol.toLowerCase())
  return chosen.every((protocol) => offers.includes(protocol.toLowerCase()))
}

/**
 * What the header lines of one head say about framing and the connection, collected while they are walked. One object
 * serves all heads of a connection.
 */
export class FramingFacts {
  /** Bits of `nameFlag`: lines with such a name are to be noted. */
  readonly special: number
  /** undefined without Content-Length. */
  contentLength: number | undefined = undefined
  chunked = false
  /** The single Host, undefined without one. */
  host: string | undefined = undefined
  expectContinue = false
  /** Connection lists these. */
  close = false
  keepAlive = false
  upgradeListed = false
  upgrade: readonly string[] | undefined = undefined
  /** Other names that Connection lists, in lower case. */
  nominated: string[] | undefined = undefined
  /** Outlives `reset`: the names of the lines of earlier heads, by line. */
  readonly names: FieldName[] = []
  #authority: Authority | undefined = undefined

  constructor(side: 'request' | 'response') {
    this.special = side === 'request' ? nameFlag.special | nameFlag.specialInRequest : nameFlag.special
  }

  reset(): void {
    this.contentLength = undefined
    this.chunked = false
    this.expectContinue = false
    this.close = false
    this.keepAlive = false
    this.upgradeListed = false
    this.forgetText()
  }

  /** What was cut out of a head keeps all of its text alive: once the head is made, nothing of it may stay here. */
  forgetText(): void {
    this.host = undefined
    this.upgrade = undefined
    this.nominated = undefined
  }

  /** `parseAuthority`, which is asked for the same Host again and again on one connection. */
  authorityOf(text: string): Authority | undefined {
    if (text !== this.#authority?.text) {
      // A copy, so that the head from which the text was cut does not live as long as the connection.
      this.#authority = parseAuthority(Buffer.from(text, 'latin1').toString('latin1'))
    }
    return this.#authority
  }

  /** Takes in one line whose name is special; gives the reason when it must be refused. */
  note(name: FieldName, value: string): Reason | undefined {
    switch (name.lower) {
      case 'host':
        if (this.host !== undefined) return 'host_repeated'
        this.host = value
        return undefined
      case 'connection':
        return this.#noteConnection(value)
      case 'content-length':
        return this.#noteLength(value)
      case 'transfer-encoding':
        if (this.chunked) return 'transfer_encoding_repeated'
        this.chunked = true
        return transferEncodingFault(value)
      case 'expect':
        this.expectContinue = value.toLowerCase() === '100-continue'
        return this.expectContinue ? undefined : 'expectation_unknown'
      case 'upgrade':
        return this.#noteUpgrade(value)
      default:
        return undefined
    }
  }

  #noteUpgrade(value: string): Reason | undefined {
    const protocols = protocolsOf(value)
    if (protocols === undefined) return 'upgrade_malformed'
    this.upgrade = this.upgrade === undefined ? protocols : [...this.upgrade, ...protocols]
    return undefined
  }

  #noteLength(value: string): Reason | undefined {
    if (this.contentLength !== undefined) return 'content_length_repeated'
    if (!digitsOnly.test(value)) return 'content_length_malformed'
    this.contentLength = Number(value)
    if (value.length > maxDigits || this.contentLength > Number.MAX_SAFE_INTEGER) return 'content_length_too_large'
    return undefined
  }

  #noteConnection(value: string): Reason | undefined {
    if (value === 'keep-alive') {
      this.keepAlive = true
      return undefined
    }
    for (const element of listElements(value)) {
      const option = element.toLowerCase()
      if (option === 'keep-alive') this.keepAlive = true
      else if (option === 'close') this.close = true
      else if (option === 'upgrade') this.upgradeListed = true
      else if (!isToken(option)) return 'connection_malformed'
      else {
        this.nominated ??= []
        this.nominated.push(option)
      }
    }
    return undefined
  }

  /** What two framings together, or chunked on HTTP/1.0, make of the message. RFC 9112, 6.1 and 6.3 */
  conflict(minor: Minor): Reason | undefined {
    if (!this.chunked) return undefined
    if (minor === 0) return 'transfer_encoding_on_http10'
    return this.contentLength === undefined ? undefined : 'length_and_encoding'
  }

  /** Whether the connection may carry another message after this one. RFC 9112, 9.3 */
  persists(minor: Minor): boolean {
    return !this.close && (minor === 1 || this.keepAlive)
  }
}

function transferEncodingFault(value: string): Reason | undefined {
  if (value === 'chunked') return undefined
  const written = value.toLowerCase()
  if (written === 'chunked') return undefined // the name is case-insensitive, RFC 9112, 7
  const chunkedOnes = listElements(written).filter((coding) => coding === 'chunked')
  return chunkedOnes.length > 1 ? 'transfer_encoding_repeated' : 'transfer_encoding_unsupported'
}

/** Where the body of a request ends. RFC 9112, 6.3 */
export function requestFraming(facts: FramingFacts): Framing {
  if (facts.chunked) return 'chunked'
  return facts.contentLength === undefined ? 'none' : 'length'
}

/** Whether a response with this status to this method never has a body, whatever its header says. RFC 9112, 6.3 */
export function isBodiless(status: number, method: string): boolean {
  if (status < 200 || status === 204 || status === 304 || method === 'HEAD') return true
  return method === 'CONNECT' && status < 300
}

/** Where the body of a response ends. RFC 9112, 6.3 */
export function responseFraming(facts: FramingFacts, status: number, method: string): Framing {
  if (isBodiless(status, method)) return 'none'
  if (facts.chunked) return 'chunked'
  return facts.contentLength === undefined ? 'close' : 'length'
}
