import type { Socket } from 'node:net'
import { Client, type Dispatcher } from 'undici'
import { dial } from './dial.ts'
import type { EndpointConnection } from './endpoint-connection.ts'

/** What is known of the socket under a connection; shared with the dialler, which makes new ones. */
class SocketState {
  open = false
  /** Requests that were begun on the present socket. */
  served = 0
  /** The last error of the present socket. */
  error: Error | undefined = undefined
}

/**
 * One connection of an endpoint's pool: an HTTP client that sends one request at a time, and tells what the pool and
 * the requests want to know of its socket.
 */
export class PooledConnection extends Client {
  /** Whether it has a request; kept by the pool. */
  busy = false
  readonly #state: SocketState

  /** @param idle milliseconds an unused socket is kept */
  constructor(origin: string, options: Client.Options, endpoint: EndpointConnection) {
    const state = new SocketState()
    super(origin, { ...options, connect: (_options, callback) => open(endpoint, state, callback) })
    this.#state = state
    this.on('disconnect', () => {
      state.open = false
    })
  }

  /** Whether there is a socket that another request could use. */
  get open(): boolean {
    return this.#state.open
  }

  /** Counts a request and says whether it is the first one on its socket. */
  begin(): boolean {
    return this.#state.served++ === 0
  }

  /** How the socket failed. The HTTP client takes a reset for the regular end of a body that only the end delimits. */
  get socketError(): Error | undefined {
    return this.#state.error
  }
}

/** What the connection sends: the members the HTTP client takes. */
export interface WireRequest extends Dispatcher.DispatchOptions {
  /** Without it the client takes the name to verify from `Host` and reconnects whenever that changes. */
  readonly servername: string | null
}

function open(
  endpoint: EndpointConnection,
  state: SocketState,
  callback: (...args: [null, Socket] | [Error, null]) => void,
): Socket {
  return dial(endpoint.dial, endpoint.sessions, (failure, socket) => {
    if (socket === undefined) {
      callback(failure ?? new Error('no socket'), null)
      return
    }
    state.open = true
    state.served = 0
    state.error = undefined
    socket.on('error', (error) => {
      state.error = error
    })
    callback(null, socket)
  })
}
