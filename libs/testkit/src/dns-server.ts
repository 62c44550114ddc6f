import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv4, isIPv6 } from 'node:net'
import { own, type Scope } from './scope.ts'

/** What a name server says about a name. */
export interface DnsRecord {
  /** IPv4 and IPv6 addresses, given in this order. */
  readonly addresses: readonly string[]
  /** Seconds. */
  readonly ttl: number
}

/** How a name server may fail: an error of its own, or no word at all. */
export type DnsTrouble = 'SERVFAIL' | 'silence'

/** A real name server on UDP of the loopback interface, for A and AAAA. What it does not know does not exist. */
export interface DnsServer {
  /** `127.0.0.1:PORT`, as `Resolver.setServers` takes it. */
  readonly address: string
  /** Questions so far, as `A name` or `AAAA name`. */
  readonly questions: readonly string[]
  /** What it answers from now on. */
  set(name: string, addresses: readonly string[], ttl?: number): void
  /** Forgets a name: it does not exist. */
  remove(name: string): void
  /** Fails for a name from now on, for one type or both. */
  fail(name: string, how: DnsTrouble, type?: 'A' | 'AAAA'): void
}

interface Question {
  readonly id: number
  readonly name: string
  readonly type: number
  /** The question as it came; it is repeated in the answer. */
  readonly bytes: Buffer
}

const types = { A: 1, AAAA: 28 } as const
const headerLength = 12

/** Starts a name server that is gone when the scope ends. */
export async function startDnsServer(scope: Scope): Promise<DnsServer> {
  const records = new Map<string, DnsRecord>()
  const troubles = new Map<string, DnsTrouble>()
  const questions: string[] = []
  const socket = createSocket('udp4')
  socket.on('message', (message, from) => {
    const question = parsed(message)
    const type = question.type === types.A ? 'A' : 'AAAA'
    questions.push(`${type} ${question.name}`)
    const trouble = troubles.get(`${type} ${question.name}`)
    if (trouble === 'silence') return
    const reply = trouble === undefined ? answer(question, records.get(question.name)) : packet(question, 2, [])
    socket.send(reply, from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  own(scope, () => closed(socket))
  const heal = (name: string): void => {
    for (const type of Object.keys(types)) troubles.delete(`${type} ${name}`)
  }
  return {
    address: `127.0.0.1:${socket.address().port}`,
    questions,
    set(name, addresses, ttl = 60) {
      heal(name)
      records.set(name, { addresses, ttl })
    },
    remove(name) {
      heal(name)
      records.delete(name)
    },
    fail(name, how, type) {
      for (const one of type === undefined ? Object.keys(types) : [type]) troubles.set(`${one} ${name}`, how)
    },
  }
}

async function closed(socket: Socket): Promise<void> {
  socket.close()
  await once(socket, 'close')
}

/** The first question of a message (RFC 1035, 4.1.2). Clients write names in any case. */
function parsed(message: Buffer): Question {
  const parts: string[] = []
  let at = headerLength
  for (let length = message.readUInt8(at); length > 0; length = message.readUInt8(at)) {
    parts.push(message.toString('latin1', at + 1, at + 1 + length).toLowerCase())
    at += 1 + length
  }
  const end = at + 5 // the empty part, type and class
  const bytes = message.subarray(headerLength, end)
  return { id: message.readUInt16BE(0), name: parts.join('.'), type: message.readUInt16BE(at + 1), bytes }
}

function answer(question: Question, record: DnsRecord | undefined): Buffer {
  if (record === undefined) return packet(question, 3, []) // NXDOMAIN
  const fits = question.type === types.A ? isIPv4 : isIPv6
  const found = record.addresses.filter((address) => fits(address))
  return packet(
    question,
    0,
    found.map((address) => resource(question.type, record.ttl, address)),
  )
}

function packet({ id, bytes }: Question, code: number, resources: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(headerLength)
  header.writeUInt16BE(id, 0)
  header.writeUInt16BE(0x8180 | code, 2) // an answer, recursion desired and available
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(resources.length, 6)
  return Buffer.concat([header, bytes, ...resources])
}

function resource(type: number, ttl: number, address: string): Buffer {
  const data = type === types.A ? Buffer.from(address.split('.').map(Number)) : ipv6Bytes(address)
  const head = Buffer.alloc(12)
  head.writeUInt16BE(0xc000 | headerLength, 0) // the name of the question, by reference
  head.writeUInt16BE(type, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt32BE(ttl, 6)
  head.writeUInt16BE(data.length, 10)
  return Buffer.concat([head, data])
}

function ipv6Bytes(address: string): Buffer {
  const [front = '', back] = address.split('::')
  const groups = (text: string): number[] => (text === '' ? [] : text.split(':').map((group) => parseInt(group, 16)))
  const head = groups(front)
  const tail = groups(back ?? '')
  const zeros = new Array<number>(back === undefined ? 0 : 8 - head.length - tail.length).fill(0)
  const bytes = Buffer.alloc(16)
  for (const [index, group] of [...head, ...zeros, ...tail].entries()) bytes.writeUInt16BE(group, index * 2)
  return bytes
}
