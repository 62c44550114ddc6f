import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Knows which requests of a connection have no finished answer yet; the server asks before it touches the socket. */
export class UnderWay {
  readonly #answers = new WeakMap<Socket, Set<ServerResponse>>()

  /** Notes a request until its answer is finished or cut. */
  begin(req: IncomingMessage, res: ServerResponse): void {
    const { socket } = req
    const open = this.#answers.get(socket) ?? new Set()
    this.#answers.set(socket, open.add(res))
    res.once('close', () => open.delete(res))
  }

  /** A request has arrived as a whole and is being worked on: neither side has anything to send meanwhile. */
  isWorking(socket: Socket): boolean {
    return this.#some(socket, (res) => res.req.complete && !res.headersSent)
  }

  /**
   * Whatever is written to the socket now would be taken for the answer, or a part of the answer, to a request that was
   * understood.
   */
  isAnswering(socket: Socket): boolean {
    return this.#some(socket, (res) => res.req.complete || res.headersSent)
  }

  #some(socket: Socket, predicate: (res: ServerResponse) => boolean): boolean {
    return [...(this.#answers.get(socket) ?? [])].some(predicate)
  }
}
