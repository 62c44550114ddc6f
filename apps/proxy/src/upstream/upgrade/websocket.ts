import { type ClientRequest, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { createProxyServer } from 'http-proxy-3'
import type { SwitchRequest } from './handshake.ts'
import { JoinedSockets } from './joined-sockets.ts'

const exchangeOf = Symbol('exchange')

/** The request that the proxy library works on, with what it belongs to. */
class CarriedRequest extends IncomingMessage {
  readonly [exchangeOf]: SwitchRequest

  constructor(exchange: SwitchRequest) {
    super(exchange.offer.socket)
    this[exchangeOf] = exchange
    this.method = 'GET'
    this.url = '/' // the real target is put in before the head leaves, untouched by URL parsing
    const { request } = exchange
    this.headers = asObject(['host', request.authority, ...request.headers])
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
export function sendWebSocket(exchange: SwitchRequest): void {
  const { offer, agent } = exchange
  proxy.ws(
    new CarriedRequest(exchange),
    offer.socket,
    offer.firstBytes,
    { target: { host: 'endpoint', port: 80, protocol: 'http:' }, agent },
    (error) => exchange.failed(error),
  )
}

/** Puts our judgement before what the library does with an answer. */
function take(sent: ClientRequest, exchange: SwitchRequest): void {
  const { offer } = exchange
  sent.path = exchange.request.target
  exchange.begun(sent)
  sent.once('socket', () => {
    // By now the library has registered its own; it would join to any protocol and pass ordinary answers unfiltered.
    const join = sent.listeners('upgrade')
    sent.removeAllListeners('upgrade')
    sent.removeAllListeners('response')
    sent.on('response', (answer) => exchange.answered(answer))
    sent.on('upgrade', (answer: IncomingMessage, upstream: Socket, firstBytes: Buffer) => {
      const fields = exchange.switching(answer, upstream)
      if (fields === undefined) return
      exchange.switched(new JoinedSockets(offer.socket, upstream, true, offer.idleLimit))
      answer.headers = asObject(fields)
      for (const listener of join) listener.call(sent, answer, upstream, firstBytes)
    })
  })
}

/** Names and values in turn as an object; a name that comes several times has a list. */
function asObject(lines: readonly string[]): NodeJS.Dict<string | string[]> & IncomingMessage['headers'] {
  const headers: NodeJS.Dict<string | string[]> = {}
  for (let at = 0; at < lines.length; at += 2) {
    const name = lines[at] ?? ''
    const value = lines[at + 1] ?? ''
    const before = headers[name]
    headers[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value]
  }
  return headers
}
