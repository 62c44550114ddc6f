import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Outgoing } from '@vrata/http1'
import { atTurnEnd, endTurn, type TurnWriter } from './turn-end.ts'

/** How much is put together by all connections in one turn at most, in bytes. */
const memorySize = 131_072

/** Longer pieces are not copied but written as they are, in bytes: they are nobody's read buffer. */
const copiedUpTo = 65_536

/** More than this is not held back until the end of the turn, in bytes. */
const heldUpTo = 16_384

/** Bytes of several connections, one behind the other. */
class TurnMemory {
  readonly bytes = Buffer.allocUnsafeSlow(memorySize)
  /** Where the next ones go. */
  used = 0
  /** How many are not written yet. */
  held = 0
}

/**
 * Memory that all connections share: nearly always the kernel takes at once what it is given, and then the same bytes can
 * be used again, without a buffer for each write that would have to be collected. Where it does not, the memory is left to
 * that write, and another takes its place.
 */
let memory = new TurnMemory()

/**
 * Puts together what is written for one connection in one turn of the event loop, and writes it at its end: answers to
 * pipelined requests, or the head and the body of one, are one write.
 */
export class TurnOutput implements TurnWriter {
  readonly #socket: Socket
  readonly #onBehind: (() => void) | undefined
  /** Nothing of what is given to it is needed by then: it encrypts before it returns. */
  readonly #encrypts: boolean
  /** Where what is held back lies; whoever holds nothing must not keep memory that nobody else uses any more. */
  #memory: TurnMemory | undefined = undefined
  #begin = 0
  #end = 0
  /** The kernel has not taken all that was written last. */
  #slow = false
  #awaitsTurnEnd = false

  /** @param onBehind told whenever something was written that the socket has not taken yet */
  constructor(socket: Socket, onBehind?: () => void) {
    this.#socket = socket
    this.#onBehind = onBehind
    this.#encrypts = socket instanceof TLSSocket
  }

  /** How much is held back, in bytes. */
  get held(): number {
    return this.#end - this.#begin
  }

  /** Takes pieces to write; bytes up to 64 KiB are copied, so that their memory may be used for something else then. */
  write(pieces: Outgoing): void {
    for (let at = 0; at < pieces.length; at++) {
      const piece = pieces[at] ?? ''
      if (piece.length <= copiedUpTo) this.#add(piece)
      else this.#pass(piece)
    }
    if (this.held > heldUpTo) this.flush()
    else if (!this.#awaitsTurnEnd && this.held > 0) {
      this.#awaitsTurnEnd = true
      atTurnEnd(this)
    }
  }

  #pass(piece: string | Buffer): void {
    this.flush()
    if (typeof piece === 'string') this.#socket.write(piece, 'latin1')
    else this.#socket.write(piece)
    if (this.#socket.writableLength > 0) this.#onBehind?.()
  }

  #add(piece: string | Buffer): void {
    const { length } = piece
    if (memory.used + length > memorySize) this.#makeRoom(length)
    if (this.#memory !== memory || this.#end !== memory.used) {
      this.flush() // others have put theirs behind what is held here
      this.#memory = memory
      this.#begin = memory.used
    }
    if (typeof piece === 'string') memory.bytes.write(piece, memory.used, 'latin1')
    else memory.bytes.set(piece, memory.used)
    memory.used += length
    memory.held += length
    this.#end = memory.used
  }

  #makeRoom(length: number): void {
    this.flush()
    endTurn()
    if (memory.used + length > memorySize) memory = new TurnMemory()
  }

  onTurnEnd(): void {
    this.#awaitsTurnEnd = false
    this.flush()
  }

  /** Writes now what is held back. */
  flush(): void {
    const from = this.#memory
    const bytes = this.#take()
    if (bytes === undefined) return
    const socket = this.#socket
    // What may wait for long must not keep the memory.
    const own = this.#slow || socket.writableLength > 0
    socket.write(own ? Buffer.from(bytes) : bytes)
    const behind = socket.writableLength > 0
    this.#slow = behind && !this.#encrypts
    if (!behind) return
    if (this.#slow && !own && from === memory) memory = new TurnMemory()
    this.#onBehind?.()
  }

  /** Forgets what is held back. */
  drop(): void {
    this.#take()
  }

  /** What is held back, in memory that nobody else uses before the next bytes are added to it. */
  #take(): Buffer | undefined {
    const from = this.#memory
    if (from === undefined) return undefined
    const begin = this.#begin
    const end = this.#end
    this.#memory = undefined
    this.#begin = end
    from.held -= end - begin
    if (from.held === 0) from.used = 0
    else if (from.used === end) from.used = begin
    return from.bytes.subarray(begin, end)
  }
}
