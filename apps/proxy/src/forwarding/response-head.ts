import type { Exchange } from '../exchange.ts'
import { HeaderLines } from '../headers/header-lines.ts'
import { headerName, trait } from '../headers/header-name.ts'
import type { ReceivedFields } from '../headers/received-fields.ts'

const serverName = headerName('server')
const trailerName = headerName('trailer')
const viaName = headerName('via')

/** What of an answer's head the gateway has to say itself. */
export interface AnswerRules {
  /** Value of `Server`; empty = that of the upstream passes. */
  readonly serverName: string
  /** Whether it adds itself to `Via`. */
  readonly via: boolean
}

/** Interim answers say nothing of their own. */
const silent: AnswerRules = { serverName: '', via: false }

/** What of an upstream's answer goes on to the client: everything but what is meant for one hop. */
export function passedHead(received: ReceivedFields, rules: AnswerRules): HeaderLines {
  const left = trait.hopByHop | (rules.serverName === '' ? 0 : trait.server) | (rules.via ? trait.via : 0)
  const lines = HeaderLines.passing(received, left)
  if (rules.serverName !== '') lines.add(serverName.text, rules.serverName)
  if (rules.via) lines.push(viaName, viaWithUs(received))
  return lines
}

function viaWithUs(received: ReceivedFields): string {
  const before = received.flags & trait.via ? received.get('via') : undefined
  return before === undefined ? '1.1 vrata' : `${before}, 1.1 vrata`
}

/** The fields of an interim answer. */
export function passedInterim(received: ReceivedFields): readonly string[] {
  return passedHead(received, silent).toFlat()
}

/** Announces trailers: the announcement is for one hop, but so are the frames of trailers, and both are made anew. */
export function announceTrailers(lines: HeaderLines, received: ReceivedFields): void {
  const announced = received.flags & trait.trailer ? received.get('trailer') : undefined
  if (announced !== undefined) lines.push(trailerName, announced)
}

/** The fields of a 101 on its way to the client: the change of protocol is agreed for both connections alike. */
export function passedSwitch(received: ReceivedFields, rules: Exchange['rules'], token: string): string[] {
  return [...passedHead(received, rules).toFlat(), 'connection', 'Upgrade', 'upgrade', token]
}

const none: readonly string[] = []

/** Trailers without what may not stand there: framing, routing and fields of one hop (RFC 9110, 6.5.1). */
export function passedTrailers(received: ReceivedFields | undefined): readonly string[] {
  if (received === undefined || received.length === 0) return none
  return HeaderLines.passing(received, trait.hopByHop).toFlat()
}
