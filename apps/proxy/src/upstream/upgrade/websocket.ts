import { Agent, type ClientRequest, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { refused } from '@vrata/http1'
import { createProxyServer } from 'http-proxy-3'
import type { Failure } from '../../failure/failure.ts'
import { codeOf, toFailure } from '../../failure/to-failure.ts'
import type { HeaderName } from '../../headers/header-name.ts'
import { FlatFields } from '../../headers/received-fields.ts'
import { closedFailure } from '../closed-failure.ts'
import { answerLimits } from '../http1/answer-limits.ts'
import { refusedFailure } from '../http1/refused-failure.ts'
import type { FieldSink } from '../transport.ts'
import type { SwitchRequest } from './handshake.ts'
import { JoinedSockets } from './joined-sockets.ts'

const exchangeOf = Symbol('exchange')

/** An agent for one request on one connection that is open already. */
class GivenConnection extends Agent {
  readonly #socket: Socket

  constructor(socket: Socket) {
    super({ keepAlive: false })
    this.#socket = socket
  }

  override createConnection(): Duplex {
    return this.#socket
  }
}

/** The request that the proxy library works on, with what it belongs to. */
class CarriedRequest extends IncomingMessage {
  readonly [exchangeOf]: SwitchRequest

  constructor(exchange: SwitchRequest) {
    super(exchange.offer.socket)
    this[exchangeOf] = exchange
    this.method = 'GET'
    this.url = '/' // the real target is put in before the head leaves, untouched by URL parsing
    const { request } = exchange
    const lines = new FlatLines()
    request.writeFields(lines)
    this.headers = asObject(['host', request.host, ...lines.flat])
    this.headers.connection = 'Upgrade'
    this.headers.upgrade = 'websocket'
    this.push(null)
  }
}

const proxy = createProxyServer({ ignorePath: true })
proxy.on('error', () => undefined) // of a client's connection: its own listeners act
proxy.on('proxyReqWs', (sent, request) => {
  if (request instanceof CarriedRequest) take(sent, request[exchangeOf])
})

/** Sends a request for a WebSocket and lets the library join the connections when the endpoint agrees. */
export function sendWebSocket(exchange: SwitchRequest, upstream: Socket): void {
  proxy.ws(
    new CarriedRequest(exchange),
    exchange.offer.socket,
    exchange.offer.firstBytes,
    { target: { host: 'endpoint', port: 80, protocol: 'http:' }, agent: new GivenConnection(upstream) },
    (error) => exchange.failed(failureOf(error, 'closed_before_response')),
  )
}

/** Puts our judgement before what the library does with an answer. */
function take(sent: ClientRequest, exchange: SwitchRequest): void {
  const { offer } = exchange
  let informed = 0
  Object.assign(sent, { maxHeaderSize: answerLimits.head }) // the library does not pass the option on
  sent.path = exchange.request.target
  sent.on('finish', () => exchange.sent())
  sent.on('information', ({ statusCode, rawHeaders }: IncomingMessage & { statusCode: number }) => {
    if (++informed > answerLimits.informational) refuse(exchange, 'too_many_informational')
    else exchange.informed(statusCode, new FlatFields(rawHeaders))
  })
  sent.once('socket', () => {
    // By now the library has registered its own; it would join to any protocol and pass ordinary answers unfiltered.
    const join = sent.listeners('upgrade')
    sent.removeAllListeners('upgrade')
    sent.removeAllListeners('response')
    sent.on('response', (answer) => passAnswer(answer, exchange))
    sent.on('upgrade', (answer: IncomingMessage, upstream: Socket, firstBytes: Buffer) => {
      const fields = exchange.switching(new FlatFields(answer.rawHeaders))
      if (fields === undefined) return
      exchange.switched(new JoinedSockets(offer.socket, upstream, true, offer.idleLimit))
      answer.headers = asObject(fields)
      for (const listener of join) listener.call(sent, answer, upstream, firstBytes)
    })
  })
}

/** An answer that is no change of protocol. */
function passAnswer(answer: IncomingMessage, exchange: SwitchRequest): void {
  const { statusCode: status = 0 } = answer
  answer.on('error', (error) => exchange.failed(failureOf(error, 'truncated_body')))
  // The platform gives out a 101 without a protocol as if it were an answer.
  if (status < 200 || status > 599) {
    refuse(exchange, status === 101 ? 'unexpected_switch' : 'status_out_of_range')
    return
  }
  const fields = new FlatFields(answer.rawHeaders)
  const declared = fields.get('content-length')
  const bodyLength = declared === undefined ? 'unknown' : Number(declared)
  exchange.onResume = () => answer.resume()
  exchange.answered({ status, fields, bodyLength })
  answer.on('data', (chunk: Buffer) => {
    if (!exchange.data(chunk)) answer.pause()
  })
  answer.on('end', () => exchange.ended(new FlatFields(answer.rawTrailers)))
}

/** The rules that the platform's reader does not know. */
function refuse(
  exchange: SwitchRequest,
  reason: 'too_many_informational' | 'unexpected_switch' | 'status_out_of_range',
): void {
  exchange.failed(refusedFailure(refused(reason, 'response')))
}

/** The platform tells of an end that comes too early as of a reset, but without a call that failed. */
function failureOf(error: Error, rule: 'closed_before_response' | 'truncated_body'): Failure {
  if (codeOf(error) === 'ECONNRESET' && !('syscall' in error)) return closedFailure(rule, error)
  return toFailure(error, 'exchange')
}

/** Collects header lines as names and values in turn. */
class FlatLines implements FieldSink {
  readonly flat: string[] = []

  addReceived(name: HeaderName, value: string): void {
    this.flat.push(name.text, value)
  }

  add(name: string, value: string): void {
    this.flat.push(name, value) // node:http checks what it writes
  }
}

/** Names and values in turn as an object; a name that comes several times has a list. */
function asObject(lines: readonly string[]): NodeJS.Dict<string | string[]> & IncomingMessage['headers'] {
  // Without a prototype, whose members have names that lines may have as well.
  const headers: NodeJS.Dict<string | string[]> = Object.create(null)
  for (let at = 0; at < lines.length; at += 2) {
    const name = lines[at] ?? ''
    const value = lines[at + 1] ?? ''
    const before = headers[name]
    headers[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value]
  }
  return headers
}
