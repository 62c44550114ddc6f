/**
 * What is special about a header name, as bits of `FieldName.flags`. One test of the bits replaces all comparisons of
 * names while a head is read.
 */
export const nameFlag = {
  /** Meant for the next connection only: never forwarded. RFC 9110, 7.6.1 */
  hopByHop: 1,
  /** Read by the codec itself while it walks any head. */
  special: 2,
  /** Read by the codec itself in the head of a request; without meaning in a response. */
  specialInRequest: 32,
  /** Written by the codec itself; refused in `FieldLines`. */
  reserved: 4,
  /** Must not stand in trailers and would change framing, routing or the connection there: the message is refused. */
  trailerRefused: 8,
  /** Must not stand in trailers: dropped there. RFC 9110, 6.5.1 */
  trailerDropped: 16,
  /** The name contains "_", which some programs take for "-". */
  underscore: 64,
  /** Says how long a connection is kept without a message. */
  keepAlive: 128,
} as const

/** The lowest bit of `FieldName.flags` that the codec leaves to its owner; see `markName`. */
export const firstOwnFlag = 256

/** A header name that was seen: made once per spelling and shared by all messages. */
export interface FieldName {
  /** As it was written. */
  readonly text: string
  /** In lower case: what to compare with. */
  readonly lower: string
  /** `text` and ": ", what a serialiser puts before the value. */
  readonly prefix: string
  /** Bits of `nameFlag`, and those that `markName` gave. */
  readonly flags: number
}

const { hopByHop, special, specialInRequest, reserved, trailerRefused, trailerDropped, underscore } = nameFlag
const connectionBound = hopByHop | trailerRefused

const flagsOf: Readonly<Record<string, number>> = {
  connection: connectionBound | special | reserved,
  'content-length': special | reserved | trailerRefused,
  expect: specialInRequest | reserved | trailerRefused,
  host: specialInRequest | reserved | trailerRefused,
  'http2-settings': hopByHop | trailerDropped, // RFC 9113, 8.2.2
  'keep-alive': connectionBound | nameFlag.keepAlive,
  'proxy-authenticate': connectionBound,
  'proxy-authorization': connectionBound,
  'proxy-connection': connectionBound,
  te: connectionBound,
  trailer: connectionBound,
  'transfer-encoding': connectionBound | special | reserved,
  upgrade: connectionBound | special | reserved,
}

const droppedTrailers = [
  ...['age', 'authorization', 'cache-control', 'content-encoding', 'content-range', 'content-type', 'cookie', 'date'],
  ...['expires', 'if-match', 'if-modified-since', 'if-none-match', 'if-range', 'if-unmodified-since', 'location'],
  ...['max-forwards', 'pragma', 'range', 'retry-after', 'set-cookie', 'vary', 'warning', 'www-authenticate'],
]

const flags = new Map<string, number>(Object.entries(flagsOf))
for (const name of droppedTrailers) flags.set(name, trailerDropped)

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** Whether a text is a token: the grammar of methods, header names and connection options. RFC 9110, 5.6.2 */
export function isToken(text: string): boolean {
  return token.test(text)
}

/** Learned spellings are forgotten all at once above this number, so that hostile names can not fill the memory. */
const maxLearned = 1024
/** Longer names are never kept. */
const maxKeptLength = 64

const names = new Map<string, FieldName>()

function make(text: string): FieldName {
  const lower = text.toLowerCase()
  const known = flags.get(lower) ?? 0
  return Object.freeze({ text, lower, prefix: `${text}: `, flags: lower.includes('_') ? known | underscore : known })
}

/** A copy that does not keep the head alive from which the name was cut. */
function detached(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}

/** The name of a header line, or undefined when it is no token. The same spelling gives the same object. */
export function fieldName(text: string): FieldName | undefined {
  const known = names.get(text)
  if (known !== undefined) return known
  if (!token.test(text)) return undefined
  if (text.length > maxKeptLength) return make(text)
  if (names.size >= maxLearned) names.clear()
  const name = make(detached(text))
  names.set(name.text, name)
  return name
}

/**
 * Gives all spellings of a name further bits, of which the lowest is `firstOwnFlag`: what its owner has to know about a
 * name is then found with the name. To be called when a program starts, before any message is read.
 */
export function markName(lower: string, bits: number): void {
  flags.set(lower, (flags.get(lower) ?? 0) | bits)
  names.clear()
}

/** How many spellings are held now; for tests and gauges. */
export function heldFieldNames(): number {
  return names.size
}
