import type { Exchange } from '../exchange.ts'
import { namedFields } from '../headers/connection-options.ts'
import { headerName, trait } from '../headers/header-name.ts'

/** Fields of an answer that need a look. */
const special = trait.hopByHop | trait.server | trait.via | trait.contentLength

/** An answer's head on its way to the client. */
export interface PassedHead {
  /** Names and values in turn. */
  readonly headers: string[]
  /** Bytes of the body as declared; undefined when only its end tells. */
  readonly length: number | undefined
}

/**
 * What of an upstream's answer goes on to the client: everything but what is meant for one hop (RFC 9110, 7.6.1).
 *
 * @param trailers whether a `Trailer` announcement may pass: the client's side can carry trailers
 */
export function passedHead(received: readonly string[], rules: Exchange['rules'], trailers: boolean): PassedHead {
  const headers: string[] = []
  let met = 0
  let length: number | undefined
  let via: string | undefined
  for (let at = 0; at < received.length; at += 2) {
    const name = headerName(received[at] ?? '')
    const value = received[at + 1] ?? ''
    met |= name.flags
    if (name.flags & special) {
      if (name.flags & trait.via) via = via === undefined ? value : `${via}, ${value}`
      if (name.flags & trait.server && rules.serverName !== '') continue
      if (name.flags & (trait.hopByHop | trait.via)) continue
      if (name.flags & trait.contentLength) length = Number(value)
    }
    headers.push(name.text, value)
  }
  if (met & trait.connection) dropNamed(headers, received)
  if (met & trait.trailer && trailers && length === undefined) announce(headers, received)
  if (rules.serverName !== '') headers.push('server', rules.serverName)
  if (rules.via) via = via === undefined ? '1.1 vrata' : `${via}, 1.1 vrata`
  if (via !== undefined) headers.push('via', via)
  return { headers, length }
}

/** The fields of a 101 on its way to the client: the change of protocol is agreed for both connections alike. */
export function passedSwitch(received: readonly string[], rules: Exchange['rules'], token: string): string[] {
  const { headers } = passedHead(received, rules, false)
  headers.push('connection', 'Upgrade', 'upgrade', token)
  return headers
}

function dropNamed(headers: string[], received: readonly string[]): void {
  const named = namedFields(joinedLines(received, 'connection'))
  if (named === undefined) return
  let kept = 0
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] ?? ''
    if (named.has(name.toLowerCase())) continue
    headers[kept++] = name
    headers[kept++] = headers[at + 1] ?? ''
  }
  headers.length = kept
}

/** The announcement of trailers is for one hop, but so are the trailers' frames: both are made anew. */
function announce(headers: string[], received: readonly string[]): void {
  headers.push('trailer', joinedLines(received, 'trailer'))
}

function joinedLines(lines: readonly string[], lower: string): string {
  let found = ''
  for (let at = 0; at < lines.length; at += 2) {
    if (headerName(lines[at] ?? '').lower !== lower) continue
    found = found === '' ? (lines[at + 1] ?? '') : `${found}, ${lines[at + 1]}`
  }
  return found
}

/** Trailers without what may not stand there: framing, routing and fields of one hop (RFC 9110, 6.5.1). */
export function passedTrailers(received: readonly string[]): readonly string[] {
  if (received.length === 0) return received
  const passed: string[] = []
  for (let at = 0; at < received.length; at += 2) {
    const name = headerName(received[at] ?? '')
    if (name.flags & (trait.hopByHop | trait.contentLength | trait.host)) continue
    passed.push(name.text, received[at + 1] ?? '')
  }
  return passed
}
