import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import { createSecureContext, createServer, type SecureContext, type Server, type TLSSocket } from 'node:tls'
import type { Listener } from '@vrata/model'
import { chooseByName } from './certificate-choice.ts'
import type { TicketSecret } from './ticket-secret.ts'

type ListenerTls = NonNullable<Listener['tls']>

/** How a handshake ended. */
export interface HandshakeEvents {
  /** It is complete, and the client's certificate, if there is one, was verified. */
  onSecure(socket: TLSSocket): void
  /** It failed; the connection is closed already. `error` undefined: the client went away. */
  onFailure(error: Error | undefined): void
}

const versions = { TLSv1_0: 'TLSv1', TLSv1_1: 'TLSv1.1', TLSv1_2: 'TLSv1.2', TLSv1_3: 'TLSv1.3' } as const

/** Forward secrecy and authenticated encryption. */
const modernSuites = [
  ...['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'],
  ...['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
  ...['ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-RSA-AES256-GCM-SHA384'],
  ...['ECDHE-ECDSA-CHACHA20-POLY1305', 'ECDHE-RSA-CHACHA20-POLY1305'],
]

/** What TLS 1.0 and 1.1 have: nothing authenticated. Offered only where a listener lets such versions in. */
const oldSuites = ['ECDHE-ECDSA-AES128-SHA', 'ECDHE-RSA-AES128-SHA', 'ECDHE-ECDSA-AES256-SHA', 'ECDHE-RSA-AES256-SHA']

/** What decides whether a session may be resumed: the listener, whose certificates are believed, and whether. */
function ticketUse(listenerId: string, { clientAuth }: ListenerTls): string {
  return JSON.stringify([listenerId, clientAuth ?? null])
}

/**
 * TLS for the connections of one listener, as it was configured at one time. Connections stay with the gate they came
 * through; a changed configuration is another gate.
 */
export class TlsGate implements Disposable {
  readonly #server: Server
  readonly #pending = new Map<string, HandshakeEvents>()
  /** A client that shows a certificate must show a good one. */
  readonly #asksForCertificate: boolean
  readonly #requiresCertificate: boolean
  readonly #forget: () => void

  /** @throws Error of the TLS library when the material cannot be used */
  constructor(listenerId: string, tls: ListenerTls, http2: boolean, tickets: TicketSecret) {
    const use = ticketUse(listenerId, tls)
    const mode = tls.clientAuth?.mode ?? 'none'
    const pairs = pairsOf(tls).map(({ cert, key }) => ({ cert, value: contextOf(tls, cert, key) }))
    const choose = chooseByName(pairs)
    this.#requiresCertificate = mode === 'require'
    this.#asksForCertificate = mode === 'require' || mode === 'optional'
    const [first] = pairsOf(tls)
    this.#server = createServer({
      ...contextOptions(tls),
      ...first,
      SNICallback: (name, done) => done(null, choose(name)),
      ALPNProtocols: http2 ? ['h2', 'http/1.1'] : ['http/1.1'],
      requestCert: this.#asksForCertificate,
      rejectUnauthorized: false, // decided here, because `optional` is neither of what the platform knows
      ticketKeys: tickets.keysFor(use),
      sessionIdContext: createHash('sha256').update(use).digest('hex').slice(0, 32),
    })
    this.#forget = tickets.onReplaced(() => this.#server.setTicketKeys(tickets.keysFor(use)))
    this.#server.on('secureConnection', (socket) => this.#onSecure(socket))
    this.#server.on('tlsClientError', (error, socket) => this.#onError(error, socket))
  }

  /** Begins the handshake on a connection. */
  accept(socket: Socket, events: HandshakeEvents): void {
    const key = keyOf(socket)
    this.#pending.set(key, events)
    socket.once('close', () => this.#settle(key)?.onFailure(undefined))
    this.#server.emit('connection', socket)
  }

  #onSecure(socket: TLSSocket): void {
    const key = keyOf(socket)
    const shown = socket.getPeerX509Certificate() !== undefined
    if (this.#asksForCertificate && !socket.authorized && (shown || this.#requiresCertificate)) {
      socket.destroy()
      this.#settle(key)?.onFailure(new Error(String(socket.authorizationError ?? 'no certificate')))
    } else this.#settle(key)?.onSecure(socket)
  }

  #onError(error: Error, socket: TLSSocket): void {
    const events = this.#settle(keyOf(socket))
    socket.destroy()
    events?.onFailure(error)
  }

  #settle(key: string): HandshakeEvents | undefined {
    const events = this.#pending.get(key)
    this.#pending.delete(key)
    return events
  }

  [Symbol.dispose](): void {
    this.#forget()
  }
}

/** What the two ends of TLS on one connection, which the platform gives one by one, have in common. */
function keyOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`
}

function pairsOf({
  cert,
  key,
  certificates = [],
}: ListenerTls): readonly { readonly cert: string; readonly key: string }[] {
  return cert === undefined || key === undefined ? certificates : [{ cert, key }, ...certificates]
}

function contextOf(tls: ListenerTls, cert: string, key: string): SecureContext {
  return createSecureContext({ ...contextOptions(tls), cert, key })
}

function contextOptions(tls: ListenerTls) {
  const { minVersion, maxVersion, clientAuth } = tls
  return {
    minVersion: versions[minVersion],
    ...(maxVersion === undefined ? {} : { maxVersion: versions[maxVersion] }),
    ...(clientAuth?.ca === undefined ? {} : { ca: clientAuth.ca }),
    ciphers: suitesOf(tls).join(':'),
    honorCipherOrder: true,
  }
}

function suitesOf({ cipherSuites, minVersion }: ListenerTls): readonly string[] {
  const old = minVersion === 'TLSv1_0' || minVersion === 'TLSv1_1'
  // The library has these versions only at the lowest of its levels of security.
  const level = old ? ['@SECLEVEL=0'] : []
  if (cipherSuites !== undefined) return [...cipherSuites.map((name) => name.toUpperCase()), ...level]
  return old ? [...modernSuites, ...oldSuites, ...level] : modernSuites
}
