import { Socket, type SocketConstructorOpts, type TcpNetConnectOpts } from 'node:net'

/** Most bytes that are read at once: as much as the platform reads by itself. */
const readSize = 65_536

/** What was read last, on whichever connection. */
const readMemory = Buffer.allocUnsafeSlow(readSize)

/** Takes what is read on a connection. The bytes are overwritten when it returns: see {@link kept}. */
export type TakeBytes = (bytes: Buffer) => void

/**
 * A connection whose bytes are read into one memory that all of them share, and handed over at once. Ordinary sockets get
 * a new buffer of 64 KiB for each read, however little was read: to make it, to count it and to collect it costs more than
 * the reading, and so much memory that nobody uses for long makes the collector run all the time. While nobody
 * takes them in that way it is an ordinary socket.
 */
export class DirectSocket extends Socket {
  /** Takes what is read, instead of the listeners of `data`. */
  taker: TakeBytes | undefined = undefined

  constructor(options: SocketConstructorOpts) {
    super({ ...options, onread: { buffer: readMemory, callback: (length) => this.#onRead(length) } })
  }

  #onRead(length: number): boolean {
    const bytes = readMemory.subarray(0, length)
    if (this.taker === undefined) return this.push(Buffer.from(bytes))
    this.taker(bytes)
    return true
  }
}

/** Opens a connection that can be read directly. */
export function connectDirectly(to: TcpNetConnectOpts): DirectSocket {
  return new DirectSocket(to).connect(to)
}

/**
 * Makes a direct socket of one that a server has accepted and not read from yet. The platform offers no other way to say
 * how the connections of a server are to be read.
 */
export function directly(accepted: Socket): DirectSocket {
  const shell: { _handle?: unknown } = Object(accepted)
  const options = { handle: shell._handle, allowHalfOpen: true } as SocketConstructorOpts
  shell._handle = null
  accepted.destroy() // the server counts it
  return new DirectSocket(options)
}

/**
 * Lets somebody take what comes on a connection from now on, whatever kind of socket it is. What came while nobody took it
 * waits in the stream, where a taker does not see it.
 */
export function takeFrom(socket: Socket, take: TakeBytes): void {
  if (socket instanceof DirectSocket) socket.taker = take
  else socket.on('data', take)
}

/** Ends what {@link takeFrom} began. */
export function stopTakingFrom(socket: Socket, take: TakeBytes): void {
  if (!(socket instanceof DirectSocket)) socket.off('data', take)
  else if (socket.taker === take) socket.taker = undefined
}

/** The same bytes in memory that nobody overwrites: a copy, unless they are so already. */
export function kept(bytes: Buffer): Buffer {
  return bytes.buffer === readMemory.buffer ? Buffer.from(bytes) : bytes
}
