import type { Socket } from 'node:net'
import { Client, type Dispatcher } from 'undici'
import type { Failure } from '../failure/failure.ts'
import { type Dialed, dial } from './dial.ts'
import type { EndpointConnection } from './endpoint-connection.ts'

/** Hears which connection a request got. */
export interface CarriedHandler extends Dispatcher.DispatchHandler {
  connection: PooledConnection | undefined
}

/** What is known of the socket under a pooled connection; shared with the dialler, which makes new ones. */
class SocketState {
  /** Requests that were begun on the present socket. */
  served = 0
  /** The last error of the present socket. */
  error: Error | undefined = undefined
}

/**
 * One place for a connection in an endpoint's pool, which tells each request whether its connection had been used
 * before and whether it ended by an error.
 */
export class PooledConnection extends Client {
  readonly #state: SocketState

  constructor(origin: URL, options: Client.Options, endpoint: EndpointConnection) {
    const state = new SocketState()
    super(origin, { ...options, connect: (_options, callback) => open(endpoint, state, callback) })
    this.#state = state
  }

  /** Called by the pool, which chose this connection for the request. */
  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    if ('connection' in handler) handler.connection = this
    return super.dispatch(options, handler)
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

function open(
  endpoint: EndpointConnection,
  state: SocketState,
  callback: (...args: [null, Socket] | [Error, null]) => void,
): Socket {
  const done: Dialed = (failure: Failure | undefined, socket: Socket | undefined) => {
    if (socket === undefined) return callback(failure ?? new Error('no socket'), null)
    state.served = 0
    state.error = undefined
    socket.on('error', (error) => {
      state.error = error
    })
    callback(null, socket)
  }
  return dial(endpoint.dial, endpoint.sessions, done)
}
