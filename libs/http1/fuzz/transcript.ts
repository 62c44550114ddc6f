import {
  ClientConnection,
  type ClientEvent,
  type Fields,
  type Limits,
  outgoingBytes,
  ServerConnection,
  type ServerEvent,
} from '@vrata/http1'

/** How to read some bytes: as a server, or as a client that sent the described request before. */
export type Reading = {
  readonly limits?: Limits
  /** Passes the bytes in one buffer of this size, which is overwritten after each `detach`, as a socket with `onread` does. */
  readonly reuse?: number
} & ({ readonly role: 'server' } | { readonly role: 'client'; readonly method?: string; readonly upgrade?: string })

/** Everything that was observed while bytes were read, in a form that does not depend on how they were cut. */
export interface Transcript {
  /** One line per event; neighbouring pieces of body are one line; `need-data` and `paused` leave no trace. */
  readonly lines: readonly string[]
  /** The most that was ever held. */
  readonly mostBuffered: number
  /** What was written in answer (server) and whether another request may follow (client). */
  readonly epilogue: string
}

const maxEvents = 100_000

function fieldsText(fields: Fields): string {
  return JSON.stringify([...fields])
}

/** One event as text, with everything that an owner can see of it. */
export function describe(event: ServerEvent | ClientEvent): string {
  switch (event.kind) {
    case 'request': {
      const { method, target, form, minor, scheme, authority, framing, contentLength, persistent, expectContinue } =
        event
      const facts = {
        method,
        target,
        form,
        minor,
        scheme,
        authority,
        framing,
        contentLength,
        persistent,
        expectContinue,
      }
      return `request ${JSON.stringify({ ...facts, upgrade: event.upgrade, path: event.path, query: event.query })} ${fieldsText(event.fields)}`
    }
    case 'response':
    case 'informational': {
      const { status, phrase, minor, framing, contentLength, chunked, persistent, upgrade } = event
      const facts = { status, phrase, minor, framing, contentLength, chunked, persistent, upgrade }
      return `${event.kind} ${JSON.stringify(facts)} ${fieldsText(event.fields)}`
    }
    case 'data':
    case 'raw':
      return `${event.kind} ${JSON.stringify(event.bytes.toString('latin1'))}`
    case 'end':
      return event.trailers === undefined ? 'end' : `end ${fieldsText(event.trailers)}`
    case 'refused':
      return `refused ${event.reason} ${event.status}`
    default:
      return event.kind
  }
}

class Recorder {
  readonly lines: string[] = []
  #merging: { kind: 'data' | 'raw'; bytes: Buffer[] } | undefined = undefined
  #events = 0

  note(event: ServerEvent | ClientEvent): void {
    if (++this.#events > maxEvents) throw new Error('the codec gives events without end')
    if (event.kind === 'need-data' || event.kind === 'paused') return
    if (event.kind === 'data' || event.kind === 'raw') this.merge(event.kind, event.bytes)
    else {
      this.flush()
      if (event.kind !== 'closed' || this.lines.at(-1) !== 'closed') this.lines.push(describe(event))
    }
  }

  merge(kind: 'data' | 'raw', bytes: Buffer): void {
    if (this.#merging?.kind !== kind) this.flush()
    this.#merging ??= { kind, bytes: [] }
    this.#merging.bytes.push(Buffer.from(bytes))
  }

  flush(): void {
    if (this.#merging === undefined) return
    this.lines.push(describe({ kind: this.#merging.kind, bytes: Buffer.concat(this.#merging.bytes) }))
    this.#merging = undefined
  }
}

type Connection = ServerConnection | ClientConnection

/** Pumps one connection, whoever's end it is, and records what it gives. */
class Reader {
  readonly #connection: Connection
  readonly #recorder = new Recorder()
  readonly #answer: (event: ServerEvent | ClientEvent) => void
  #raw = false
  #mostBuffered = 0

  /** @param answer is called with each event, and may write */
  constructor(connection: Connection, answer: (event: ServerEvent | ClientEvent) => void = () => undefined) {
    this.#connection = connection
    this.#answer = answer
  }

  #pump(): void {
    for (;;) {
      const event = this.#connection.next()
      this.#recorder.note(event)
      this.#mostBuffered = Math.max(this.#mostBuffered, this.#connection.buffered)
      this.#answer(event)
      if (event.kind === 'raw') this.#raw = true
      if (event.kind === 'need-data' || event.kind === 'closed' || event.kind === 'raw') return
    }
  }

  #arrive(bytes: Buffer): void {
    if (this.#raw) {
      this.#recorder.merge('raw', bytes)
      return
    }
    this.#connection.receive(bytes)
    this.#pump()
  }

  read(pieces: readonly Buffer[], reuse: number | undefined): void {
    if (reuse === undefined) {
      for (const piece of pieces) this.#arrive(piece)
      return
    }
    const buffer = Buffer.alloc(reuse)
    for (const piece of pieces) {
      for (let at = 0; at < piece.length; at += buffer.length) {
        this.#arrive(buffer.subarray(0, piece.copy(buffer, 0, at)))
        this.#connection.detach()
        buffer.fill('!')
      }
    }
  }

  end(): Omit<Transcript, 'epilogue'> {
    this.#connection.receiveEnd()
    if (!this.#raw) this.#pump()
    this.#recorder.flush()
    return { lines: this.#recorder.lines, mostBuffered: this.#mostBuffered }
  }
}

/** Answers every complete request with an empty 200 (101 where that was asked for), a refused one with its status. */
function readAsServer(pieces: readonly Buffer[], reading: Reading): Transcript {
  const connection = new ServerConnection(reading.limits)
  const written: string[] = []
  let upgrade: string | undefined
  const respond = (status: number) => {
    const switched = status === 101 ? upgrade : undefined
    const out = connection.start(
      { status, length: switched === undefined ? 0 : 'none', upgrade: switched },
      undefined,
      true,
    )
    written.push(outgoingBytes(out).toString('latin1'))
  }
  const reader = new Reader(connection, (event) => {
    if (event.kind === 'request') upgrade = event.upgrade?.[0]
    if (event.kind === 'paused') respond(upgrade === undefined ? 200 : 101)
    if (event.kind === 'refused' && connection.responseDue) respond(event.status)
  })
  reader.read(pieces, reading.reuse)
  const { lines, mostBuffered } = reader.end()
  return { lines, mostBuffered, epilogue: JSON.stringify({ written, done: connection.done }) }
}

function readAsClient(pieces: readonly Buffer[], reading: Reading & { role: 'client' }): Transcript {
  const { method = 'GET', upgrade } = reading
  const connection = new ClientConnection(reading.limits)
  const target = method === 'CONNECT' ? 'a.example:443' : '/'
  connection.start({ method, target, host: 'a.example', length: 'none', upgrade }, undefined, true)
  const reader = new Reader(connection)
  reader.read(pieces, reading.reuse)
  const { reusable } = connection
  const { lines, mostBuffered } = reader.end()
  return { lines, mostBuffered, epilogue: JSON.stringify({ reusable }) }
}

/** Reads pieces of bytes that arrive one after the other, followed by the end of the stream. */
export function transcribe(pieces: readonly Buffer[], reading: Reading): Transcript {
  return reading.role === 'server' ? readAsServer(pieces, reading) : readAsClient(pieces, reading)
}

/** Cuts bytes at the given offsets, which must ascend. */
export function cut(bytes: Buffer, offsets: readonly number[]): Buffer[] {
  const bounds = [0, ...offsets, bytes.length]
  return bounds.slice(1).map((end, index) => bytes.subarray(bounds[index], end))
}
