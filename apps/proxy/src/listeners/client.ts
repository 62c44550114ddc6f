import type { Socket } from 'node:net'
import { forwardedCertificate, plainAddress } from '@vrata/routing'
import type { Peer } from '../exchange.ts'
import type { ListenerRules } from './rules.ts'
import type { ClientCertificate } from './tls/client-certificate.ts'

/** Who is at the other end of a connection; the same for all requests on it. */
export class Client {
  readonly #address: string
  readonly #certificate: ClientCertificate | undefined
  /** The rules by which `#peer` was made. */
  #rules: ListenerRules | undefined = undefined
  #peer: Peer | undefined = undefined

  /** @param certificate the one that was proved in the TLS handshake */
  constructor(socket: Socket, certificate?: ClientCertificate) {
    this.#address = plainAddress(socket.remoteAddress ?? '')
    this.#certificate = certificate
  }

  /** The peer as `rules` see it; made anew only when they are others than before. */
  peer(rules: ListenerRules): Peer {
    if (this.#peer !== undefined && this.#rules === rules) return this.#peer
    const certificate = this.#certificate
    this.#rules = rules
    this.#peer = {
      address: this.#address,
      trusted: rules.trusts(this.#address),
      certificate,
      certificateHeader: certificate === undefined ? undefined : forwardedCertificate(certificate, rules.xfcc),
    }
    return this.#peer
  }
}
