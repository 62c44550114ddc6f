import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { Timer, type TimerOwner, type TimerWheel } from '../../timer-wheel.ts'
import type { HandshakeEvents, TlsGate } from './tls-gate.ts'

/** Longest time for a handshake where the listener gives the head of a request all the time there is, in milliseconds. */
const longestHandshake = 10_000

/** A handshake under way. It ends: however slowly its bytes drip, at the latest when its time is over. */
export class Handshake implements TimerOwner, HandshakeEvents {
  readonly #socket: Socket
  readonly #wheel: TimerWheel
  readonly #events: HandshakeEvents
  readonly #timer = new Timer(this)
  #late = false

  /** @param limit milliseconds; 0 = as usual */
  constructor(socket: Socket, gate: TlsGate, wheel: TimerWheel, limit: number, events: HandshakeEvents) {
    this.#socket = socket
    this.#wheel = wheel
    this.#events = events
    socket.on('error', () => undefined) // 'close' follows
    socket.allowHalfOpen = false // who ends before there is anything to say has gone
    wheel.arm(this.#timer, limit === 0 ? longestHandshake : limit)
    gate.accept(socket, this)
  }

  onSecure(socket: TLSSocket): void {
    this.#wheel.disarm(this.#timer)
    socket.allowHalfOpen = true
    this.#events.onSecure(socket)
  }

  onFailure(error: Error | undefined): void {
    this.#wheel.disarm(this.#timer)
    this.#events.onFailure(this.#late ? new Error('it took too long') : error)
  }

  onTimer(): void {
    this.#late = true
    this.#socket.destroy()
  }
}
