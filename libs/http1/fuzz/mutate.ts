import type { Random } from './random.ts'

/** Pieces of protocol, and bytes that are easily mistaken for such. */
const morsels = [
  ...[
    '\r',
    '\n',
    '\r\n',
    '\r\n\r\n',
    '\n\n',
    '\r\r\n',
    '\0',
    '\t',
    ' ',
    '\x0b',
    '\x0c',
    '\x7f',
    '\x80',
    '\xa0',
    '\xff',
  ],
  ...[
    ':',
    ' :',
    ': ',
    ',',
    ';',
    '=',
    '"',
    '\\',
    '#',
    '?',
    '/',
    '*',
    '@',
    '[',
    ']',
    '%',
    '+',
    '-',
    '_',
    '.',
    '0',
    '1',
    '9',
    'a',
    'F',
  ],
  ...[
    '0x',
    '0\r\n\r\n',
    '5\r\nhello\r\n',
    ';a=b',
    ';a="\\""',
    'ffffffffffffffff',
    '9007199254740992',
    '18446744073709551616',
  ],
  ...[
    'GET ',
    'POST ',
    'HEAD ',
    'CONNECT ',
    'OPTIONS * ',
    'http://a.example',
    ' HTTP/1.1',
    ' HTTP/1.0',
    'HTTP/1.1 200 OK\r\n',
  ],
  ...[
    'HTTP/1.1 100 Continue\r\n\r\n',
    'HTTP/1.1 204 X\r\n',
    'HTTP/1.1 304 X\r\n',
    'HTTP/1.1 101 X\r\n',
    'Host: a.example\r\n',
  ],
  ...[
    'Host: b\r\n',
    'Content-Length: 5\r\n',
    'Content-Length: 0\r\n',
    'Transfer-Encoding: chunked\r\n',
    'transfer-encoding: identity\r\n',
  ],
  ...[
    'Connection: close\r\n',
    'Connection: keep-alive\r\n',
    'Connection: upgrade\r\n',
    'Connection: host, x\r\n',
    'Upgrade: websocket\r\n',
  ],
  ...[
    'Expect: 100-continue\r\n',
    'Trailer: x\r\n',
    'X: y\r\n',
    ' folded\r\n',
    'chunked',
    'identity',
    'gzip',
    'close',
    'websocket',
  ],
].map((text) => Buffer.from(text, 'latin1'))

const most = 4096

function range(bytes: Buffer, random: Random): [start: number, end: number] {
  const start = random.below(bytes.length + 1)
  return [start, Math.min(bytes.length, start + random.below(24))]
}

function replaced(bytes: Buffer, start: number, end: number, by: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, start), by, bytes.subarray(end)])
}

/** A line of the message with its end, or nothing. */
function line(bytes: Buffer, random: Random): Buffer {
  const start = bytes.lastIndexOf('\n', random.below(bytes.length + 1)) + 1
  const end = bytes.indexOf('\n', start)
  return bytes.subarray(start, end === -1 ? bytes.length : end + 1)
}

type Mutation = (bytes: Buffer, random: Random, other: Buffer) => Buffer

const mutations: readonly Mutation[] = [
  (bytes, random) => {
    const changed = Buffer.from(bytes)
    if (changed.length > 0) changed[random.below(changed.length)] = random.below(256)
    return changed
  },
  (bytes, random) => {
    const at = random.below(bytes.length + 1)
    return replaced(bytes, at, at, random.pick(morsels))
  },
  (bytes, random) => replaced(bytes, ...range(bytes, random), random.pick(morsels)),
  (bytes, random) => replaced(bytes, ...range(bytes, random), Buffer.alloc(0)),
  (bytes, random) => {
    const at = bytes.lastIndexOf('\n', random.below(bytes.length + 1)) + 1
    return replaced(bytes, at, at, random.pick([line(bytes, random), random.pick(morsels)]))
  },
  (bytes, random) => {
    const [start, end] = range(bytes, random)
    const repeated = Buffer.concat(Array.from({ length: 1 + random.below(40) }, () => bytes.subarray(start, end)))
    return replaced(bytes, start, end, repeated)
  },
  (bytes, random, other) =>
    Buffer.concat([bytes.subarray(0, random.below(bytes.length + 1)), other.subarray(random.below(other.length + 1))]),
  (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  (bytes, _random, other) => Buffer.concat([bytes, other]),
]

/** A message with one to four changes; never longer than 4 KiB. */
export function mutate(bytes: Buffer, other: Buffer, random: Random): Buffer {
  let changed = bytes
  for (let count = 1 + random.below(4); count > 0; count--) changed = random.pick(mutations)(changed, random, other)
  return changed.subarray(0, most)
}

/** Ascending offsets at which to cut a message of this length. */
export function randomCuts(length: number, random: Random): number[] {
  const cuts = Array.from({ length: random.below(6) }, () => random.below(length + 1))
  return cuts.sort((a, b) => a - b)
}
