import { STATUS_CODES } from 'node:http'
import { type Authority, hostFits } from './authority.ts'
import type { BodyLength } from './body-length.ts'
import type { FieldLines } from './field-lines.ts'
import { protocolsOf } from './framing.ts'
import { WriteError } from './reasons.ts'
import { isMethod, isPhrase, parseTarget } from './start-line.ts'

/** A request to write. */
export interface OutgoingRequest {
  readonly method: string
  /** Of any form that fits the method. */
  readonly target: string
  /** The value of Host. */
  readonly host: string
  readonly fields?: FieldLines | undefined
  readonly length: BodyLength
  /** Asks the server for 100 before the body is sent. */
  readonly expectContinue?: boolean | undefined
  /** Protocols to offer in Upgrade. */
  readonly upgrade?: string | undefined
  /** Says that trailers of the response are understood (`TE: trailers`). */
  readonly acceptTrailers?: boolean | undefined
  /** Asks the server to close after its response. */
  readonly close?: boolean | undefined
}

/** A response to write. */
export interface OutgoingResponse {
  readonly status: number
  /** Default: the usual one of the status. */
  readonly phrase?: string | undefined
  readonly fields?: FieldLines | undefined
  /**
   * For HEAD and 304: what the header says about the body that is not sent; `none` says nothing. Elsewhere `none` is
   * the same as 0.
   */
  readonly length: BodyLength
  /** Protocols in Upgrade: with 101 the chosen one, with 426 those that are asked for. */
  readonly upgrade?: string | undefined
  /** Closes the connection after this response. */
  readonly close?: boolean | undefined
}

/** How the framing and connection lines of a head shall read. */
export interface ConnectionLines {
  readonly contentLength: number | undefined
  readonly chunked: boolean
  /** What Connection lists; empty = no such line. */
  readonly connection: readonly string[]
  readonly upgrade: string | undefined
}

function connectionText({ contentLength, chunked, connection, upgrade }: ConnectionLines): string {
  let text = ''
  if (contentLength !== undefined) text = `content-length: ${contentLength}\r\n`
  if (chunked) text = 'transfer-encoding: chunked\r\n'
  if (connection.length > 0) text += `connection: ${connection.join(', ')}\r\n`
  if (upgrade !== undefined) {
    if (protocolsOf(upgrade) === undefined) throw new WriteError('upgrade_malformed')
    text += `upgrade: ${upgrade}\r\n`
  }
  return `${text}\r\n`
}

const statusLines = new Map<number, string>()

function statusLine(status: number, phrase: string | undefined): string {
  if (phrase === undefined) {
    const known = statusLines.get(status)
    if (known !== undefined) return known
  } else if (!isPhrase(phrase)) throw new WriteError('status_line_malformed')
  if (!Number.isInteger(status) || status < 100 || status > 599) throw new WriteError('status_out_of_range')
  const line = `HTTP/1.1 ${status} ${phrase ?? STATUS_CODES[status] ?? ''}\r\n`
  if (phrase === undefined) statusLines.set(status, line)
  return line
}

/**
 * The head of a response with its empty line.
 * @throws WriteError for a phrase, status or Upgrade that can not be written
 */
export function responseHeadText(response: OutgoingResponse, lines: ConnectionLines): string {
  return `${statusLine(response.status, response.phrase)}${response.fields?.text ?? ''}${connectionText(lines)}`
}

/**
 * The head of a request with its empty line.
 *
 * @param authority what its Host says, taken apart; undefined when it is malformed
 * @throws WriteError for a method, target, Host or Upgrade that can not be written
 */
export function requestHeadText(
  request: OutgoingRequest,
  lines: ConnectionLines,
  authority: Authority | undefined,
): string {
  const { method, target, host } = request
  if (!isMethod(method)) throw new WriteError('method_malformed')
  const line = parseTarget(method, target, 1)
  if (typeof line === 'string') throw new WriteError(line === 'request_line_malformed' ? 'target_malformed' : line)
  if (authority === undefined) throw new WriteError('host_malformed')
  if (line.authority !== undefined && !hostFits(authority, line.authority, line.scheme)) {
    throw new WriteError('host_contradicts_target')
  }
  const expect = request.expectContinue === true ? 'expect: 100-continue\r\n' : ''
  const te = request.acceptTrailers === true ? 'te: trailers\r\n' : ''
  return `${method} ${target} HTTP/1.1\r\nhost: ${host}\r\n${request.fields?.text ?? ''}${te}${expect}${connectionText(lines)}`
}
