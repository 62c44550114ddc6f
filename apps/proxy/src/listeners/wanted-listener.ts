import type { Listener } from '@vrata/model'
import type { Lease } from '../pipeline/keep.ts'
import type { Acceptor } from './engine.ts'
import type { WantedListener } from './listeners.ts'
import { listenerRules } from './rules.ts'
import type { TicketSecret } from './tls/ticket-secret.ts'
import { TlsGate } from './tls/tls-gate.ts'

/**
 * A listener with what shall stand behind its socket. TLS that did not change is the very same as before.
 *
 * @throws Error of the TLS library when the material cannot be used
 */
export function wantedListener(
  listener: Listener,
  acceptor: Acceptor,
  lease: Lease,
  tickets: TicketSecret,
): WantedListener {
  return { listener, front: { rules: listenerRules(listener), acceptor, tls: gateOf(listener, lease, tickets) } }
}

function gateOf({ id, tls, http2 }: Listener, lease: Lease, tickets: TicketSecret): TlsGate | undefined {
  if (tls === undefined) return undefined
  return lease.get('listener-tls', id, [tls, http2], () => new TlsGate(id, tls, http2, tickets))
}
