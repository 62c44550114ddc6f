import type { Listener } from '@vrata/model'
import type { Lease } from '../pipeline/keep.ts'
import type { Acceptor } from './engine.ts'
import type { WantedListener } from './listeners.ts'
import { listenerRules } from './rules.ts'
import { TicketKeys, TlsGate, ticketPart } from './tls/tls-gate.ts'

/**
 * A listener with what shall stand behind its socket. TLS that did not change is the very same as before.
 *
 * @throws Error of the TLS library when the material cannot be used
 */
export function wantedListener(listener: Listener, acceptor: Acceptor, lease: Lease): WantedListener {
  return { listener, front: { rules: listenerRules(listener), acceptor, tls: gateOf(listener, lease) } }
}

function gateOf({ id, tls, http2 }: Listener, lease: Lease): TlsGate | undefined {
  if (tls === undefined) return undefined
  const keys = lease.get('ticket-keys', id, ticketPart(tls), () => new TicketKeys())
  return lease.get('listener-tls', id, [tls, http2], () => new TlsGate(tls, http2, keys))
}
