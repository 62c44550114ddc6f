import type { Scope } from '@vrata/testkit'
import type { RawClient } from './raw-client.ts'
import { rawClient } from './raw-client.ts'

/** Types of frames (RFC 9113, 6). */
export const frameType = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const

/** Bits of the flags of frames. */
export const frameFlag = { endStream: 1, ack: 1, endHeaders: 4 } as const

/** A frame as it was received. */
export interface Frame {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
}

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'

/** The bytes of a frame, right or wrong. */
export function frame(type: number, flags: number, stream: number, payload: Buffer | string = ''): Buffer {
  const body = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload
  const head = Buffer.alloc(9)
  head.writeUIntBE(body.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, body])
}

/** A header block in which every line stands as it is (RFC 7541, 6.2.2); names and values in turn, latin1. */
export function headerBlock(lines: readonly string[]): Buffer {
  const pieces: Buffer[] = []
  for (let at = 0; at < lines.length; at += 2) {
    pieces.push(Buffer.from([0]), hpackString(lines[at] ?? ''), hpackString(lines[at + 1] ?? ''))
  }
  return Buffer.concat(pieces)
}

function hpackString(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes])
  const length = [127]
  let rest = bytes.length - 127
  for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128)
  length.push(rest)
  return Buffer.concat([Buffer.from(length), bytes])
}

/** A HEADERS frame that is a whole head. */
export function headers(stream: number, lines: readonly string[], endStream = true): Buffer {
  return frame(
    frameType.headers,
    frameFlag.endHeaders | (endStream ? frameFlag.endStream : 0),
    stream,
    headerBlock(lines),
  )
}

/** A client that speaks HTTP/2 frame by frame, by prior knowledge. */
export interface FrameClient extends RawClient {
  /** The frames that came so far. */
  readonly frames: readonly Frame[]
  /** Waits for a frame that fits. */
  frame(what: string, fits: (frame: Frame) => boolean): Promise<Frame>
}

/** Connects and sends the preface and `settings` (a payload). */
export async function frameClient(scope: Scope, port: number, settings: Buffer | string = ''): Promise<FrameClient> {
  const client = await rawClient(scope, port)
  client.send(Buffer.concat([Buffer.from(preface, 'latin1'), frame(frameType.settings, 0, 0, settings)]))
  const frames = () => framesOf(Buffer.from(client.text, 'latin1'))
  return {
    socket: client.socket,
    get text() {
      return client.text
    },
    get ended() {
      return client.ended
    },
    get frames() {
      return frames()
    },
    send: client.send,
    until: client.until,
    untilClosed: client.untilClosed,
    async frame(what, fits) {
      const deadline = performance.now() + 10_000
      for (;;) {
        const found = frames().find(fits)
        if (found !== undefined) return found
        const got = () => JSON.stringify(frames().map(({ type, flags, stream }) => [type, flags, stream]))
        if (client.socket.closed || performance.now() > deadline) throw new Error(`no ${what}; got ${got()}`)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    },
  }
}

function framesOf(bytes: Buffer): Frame[] {
  const found: Frame[] = []
  for (let at = 0; at + 9 <= bytes.length; ) {
    const length = bytes.readUIntBE(at, 3)
    if (at + 9 + length > bytes.length) break
    found.push({
      type: bytes[at + 3] ?? 0,
      flags: bytes[at + 4] ?? 0,
      stream: bytes.readUInt32BE(at + 5) & 0x7fffffff,
      payload: bytes.subarray(at + 9, at + 9 + length),
    })
    at += 9 + length
  }
  return found
}
