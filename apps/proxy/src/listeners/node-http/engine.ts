import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { plainAddress } from '@vrata/routing'
import { Exchange, type Peer } from '../../exchange.ts'
import { Failure } from '../../failure/failure.ts'
import { failureAnswer } from '../../failure/failure-answer.ts'
import { smallerLimit } from '../../limits.ts'
import type { Tunnel, UpgradeOffer } from '../../upgrade-offer.ts'
import type { Engine, Front } from '../engine.ts'
import { type Admission, admit } from '../guard.ts'
import type { ListenerRules } from '../rules.ts'
import { clientErrorFailure } from './client-error.ts'
import { NodeBody } from './node-body.ts'
import { NodeDownstream } from './node-downstream.ts'
import { headText, RawDownstream } from './raw-downstream.ts'
import { offersUpgrade, upgradeIgnored, upgradeToken } from './upgrade-token.ts'

/** Hard cap on a request head, request line included, in bytes, where the listener sets no smaller one. */
const maxHead = 1_048_576

/** What is known of a connection while it lives. */
interface ConnectionState {
  readonly address: string
  /** The rules that `trusted` was decided by. */
  rules: ListenerRules
  peer: Peer
  /** The exchange whose request was read last. */
  latest: NodeDownstream | undefined
}

const stateOf = Symbol('connection')
type FrontSocket = Socket & { [stateOf]?: ConnectionState }

/** HTTP/1.1 in clear text on node:http. */
export class NodeHttpEngine implements Engine {
  readonly #address: string
  readonly #port: number
  readonly #reusePort: boolean
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #tunnels = new Set<Tunnel>()
  #front: Front
  #draining = false

  /** @param reusePort other processes of ours listen on the same port, each with a share of the connections */
  constructor(address: string, port: number, front: Front, reusePort = false) {
    this.#address = address
    this.#port = port
    this.#reusePort = reusePort
    this.#front = front
    this.#server = createServer({
      keepAlive: true,
      keepAliveInitialDelay: 30_000,
      requireHostHeader: false, // the guard answers, in the form of all our errors
      joinDuplicateHeaders: false,
      insecureHTTPParser: false,
      connectionsCheckingInterval: 500,
      optimizeEmptyRequests: true,
      maxHeaderSize: maxHead,
      shouldUpgradeCallback: offersUpgrade,
    })
    this.#server.timeout = 0
    this.#server.maxHeadersCount = 0 // counted by the guard; this one would drop the rest in silence
    this.#applyTimeouts()
    this.#server.on('error', () => undefined) // of binding: told by `listen`; of accepting: the socket lives on
    this.#server.on('connection', (socket) => this.#onConnection(socket))
    this.#server.on('request', (request, response) => this.#onRequest(request, response, false))
    this.#server.on('checkContinue', (request, response) => this.#onRequest(request, response, true))
    this.#server.on('checkExpectation', (request, response) => this.#onRequest(request, response, false))
    this.#server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) =>
      this.#onUpgrade(request, socket, head),
    )
    this.#server.on('connect', (_request, socket: Socket) =>
      this.#answerRaw(socket, new Failure('bad_request', { message: 'CONNECT is not supported' })),
    )
    this.#server.on('clientError', (error, socket: Socket) => this.#onClientError(error, socket))
  }

  get connections(): number {
    return this.#sockets.size
  }

  get tunnels(): number {
    return this.#tunnels.size
  }

  get draining(): boolean {
    return this.#draining
  }

  async listen(): Promise<void> {
    this.#server.listen({ host: this.#address, port: this.#port, backlog: 4096, reusePort: this.#reusePort })
    await once(this.#server, 'listening')
  }

  use(front: Front): void {
    this.#front = front
    this.#applyTimeouts()
  }

  stopListening(): void {
    this.#server.close()
  }

  async drain(limit: number): Promise<void> {
    this.#draining = true
    const { listening } = this.#server
    if (!listening && this.#sockets.size === 0) return
    const closed = once(this.#server, 'close')
    if (listening) this.#server.close()
    this.#server.closeIdleConnections()
    const timer = setTimeout(() => this.#closeAll(), limit)
    await closed
    clearTimeout(timer)
  }

  onAnswered(): void {
    this.#server.closeIdleConnections()
  }

  #closeAll(): void {
    for (const tunnel of this.#tunnels) tunnel.close()
    this.#server.closeAllConnections()
  }

  #applyTimeouts(): void {
    const { timeouts } = this.#front.rules
    // The engine exchanges the two when the limit of the whole is the smaller one.
    this.#server.headersTimeout = smallerLimit(timeouts.clientHeader, timeouts.clientRequestTotal)
    this.#server.requestTimeout = timeouts.clientRequestTotal
    this.#server.keepAliveTimeout = timeouts.idleBetweenRequests
  }

  #onConnection(socket: FrontSocket): void {
    const { rules } = this.#front
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    const address = plainAddress(socket.remoteAddress ?? '')
    socket[stateOf] = { address, rules, peer: peerOf(address, rules), latest: undefined }
    if (rules.maxConnections > 0 && this.#sockets.size > rules.maxConnections) {
      this.#answerRaw(socket, new Failure('overloaded', { message: 'too many connections' }))
    }
  }

  /** The peer as the present rules see it; asked once per connection and change of the rules. */
  #peerOf(state: ConnectionState, rules: ListenerRules): Peer {
    if (state.rules !== rules) {
      state.rules = rules
      state.peer = peerOf(state.address, rules)
    }
    return state.peer
  }

  #onRequest(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    const state = (request.socket as FrontSocket)[stateOf]
    if (state === undefined) return void request.socket.destroy()
    const { rules, acceptor } = this.#front
    const downstream = new NodeDownstream(request, response, this, rules.timeouts.clientResponse)
    state.latest = downstream
    if (upgradeIgnored(request)) downstream.closeAfter()
    const admission = this.#admit(request, rules, this.#peerOf(state, rules))
    if (admission instanceof Failure) {
      // A refused request may be anything: what follows it on the connection is not looked at.
      downstream.closeAfter()
      if (!request.readableEnded) downstream.body = refusedBody(request, expectsContinue)
      this.#refuse(downstream, admission, rules)
      return
    }
    const { bodyLength } = admission
    if (bodyLength !== 0) {
      const limits = { stall: rules.timeouts.clientRequest, bytes: rules.maxBodyBytes }
      const invite = expectsContinue ? () => response.writeContinue() : undefined
      downstream.body = new NodeBody(request, bodyLength, limits, invite)
    }
    const exchange = new Exchange(admission.head, rules, downstream, downstream.body, undefined)
    downstream.exchange = exchange
    acceptor.serve(exchange)
  }

  #admit(request: IncomingMessage, rules: ListenerRules, peer: Peer): Admission | Failure {
    const raw = {
      method: request.method ?? '',
      target: request.url ?? '',
      minorVersion: request.httpVersionMinor,
      lines: request.rawHeaders,
    }
    return admit(raw, rules, peer, 'http')
  }

  #onUpgrade(request: IncomingMessage, socket: Socket, firstBytes: Buffer): void {
    const state = (socket as FrontSocket)[stateOf]
    if (state === undefined) return void socket.destroy()
    const { rules, acceptor } = this.#front
    const downstream = new RawDownstream(socket, rules.timeouts.clientResponse)
    const admission = this.#admit(request, rules, this.#peerOf(state, rules))
    if (admission instanceof Failure) {
      this.#refuse(downstream, admission, rules)
      return
    }
    const offer: UpgradeOffer = {
      token: upgradeToken(request),
      socket,
      firstBytes,
      idleLimit: rules.timeouts.idleStream,
      joined: (tunnel) => this.#join(downstream, tunnel),
    }
    const exchange = new Exchange(admission.head, rules, downstream, undefined, offer)
    downstream.exchange = exchange
    acceptor.serve(exchange)
  }

  #join(downstream: RawDownstream, tunnel: Tunnel): void {
    downstream.join(tunnel)
    this.#tunnels.add(tunnel)
    tunnel.onClosed = () => {
      this.#tunnels.delete(tunnel)
      downstream.exchange?.end()
    }
  }

  /** A refusal before there is an exchange. */
  #refuse(downstream: NodeDownstream | RawDownstream, failure: Failure, rules: ListenerRules): void {
    const answer = failureAnswer(failure, beforeExchange(rules))
    downstream.answer(answer.status, withServer(answer.headers, rules), answer.body)
  }

  #onClientError(error: Error, socket: FrontSocket): void {
    const failure = clientErrorFailure(error)
    const active = socket[stateOf]?.latest
    if (failure === undefined) return void socket.destroy()
    if (active !== undefined && !active.closed) active.failRequest(failure)
    else this.#answerRaw(socket, failure)
  }

  /** Answers on a connection that has no exchange, and closes it. */
  #answerRaw(socket: Socket, failure: Failure): void {
    if (!socket.writable) return void socket.destroy()
    const { rules } = this.#front
    const answer = failureAnswer(failure, beforeExchange(rules))
    const headers = [...withServer(answer.headers, rules), 'connection', 'close']
    socket.on('error', () => socket.destroy())
    socket.end(Buffer.concat([Buffer.from(headText(answer.status, headers), 'latin1'), answer.body]), () =>
      socket.destroySoon(),
    )
  }
}

/** A body that nobody will read; if the client waits to be invited, it never is. */
function refusedBody(request: IncomingMessage, expectsContinue: boolean): NodeBody {
  return new NodeBody(request, undefined, { stall: 0, bytes: 0 }, expectsContinue ? () => undefined : undefined)
}

function beforeExchange(rules: ListenerRules) {
  return { detail: rules.detail, grpc: false, destination: '', endpoint: '', requestId: '', traceId: '' }
}

function withServer(headers: readonly string[], rules: ListenerRules): readonly string[] {
  return rules.serverName === '' ? headers : [...headers, 'server', rules.serverName]
}

function peerOf(address: string, rules: ListenerRules): Peer {
  return { address, trusted: rules.trusts(address), certificate: undefined, certificateHeader: undefined }
}
