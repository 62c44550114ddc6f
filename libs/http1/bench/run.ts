/**
 * Microseconds per message of this codec, and of llhttp through node's internal binding where it can be reached.
 * `node libs/http1/bench/run.ts [milliseconds per round]`; medians of seven interleaved rounds.
 */
import { ClientConnection, FieldLines, ServerConnection } from '@vrata/http1'
import { llhttpReader } from './llhttp.ts'
import { typicalRequest, typicalResponse } from './messages.ts'

const empty = Buffer.alloc(0)

function drain(connection: ServerConnection | ClientConnection): void {
  for (;;) {
    const { kind } = connection.next()
    if (kind === 'need-data' || kind === 'paused') return
    if (kind === 'refused' || kind === 'closed') throw new Error(`a typical message was ${kind}`)
  }
}

/** Each case handles one message per call. */
function cases(): Map<string, () => void> {
  const made = new Map<string, () => void>()
  const server = new ServerConnection()
  made.set('request, read and answered with an empty 200', () => {
    server.receive(typicalRequest)
    drain(server)
    server.start({ status: 200, length: 0 }, empty, true)
  })
  const asking = new ClientConnection()
  made.set('response of 1 KB, read after a bare request', () => {
    asking.start({ method: 'GET', target: '/', host: 'a', length: 'none' }, empty, true)
    asking.receive(typicalResponse)
    drain(asking)
  })
  const inner = new ServerConnection()
  const outer = new ClientConnection()
  made.set('both forwarded: request read, written; response read, written', () => {
    inner.receive(typicalRequest)
    const request = inner.next()
    if (request.kind !== 'request') throw new Error('no request')
    inner.next()
    const lines = new FieldLines().copyForwarded(request.fields).add('x-forwarded-for', '127.0.0.1')
    outer.start(
      { method: request.method, target: request.target, host: 'a', fields: lines, length: 'none' },
      empty,
      true,
    )
    outer.receive(typicalResponse)
    const response = outer.next()
    const data = outer.next()
    if (response.kind !== 'response' || data.kind !== 'data') throw new Error('no response')
    outer.next()
    const answer = { status: response.status, fields: new FieldLines().copyForwarded(response.fields), length: 1024 }
    inner.start(answer, data.bytes, true)
  })
  const readRequest = llhttpReader('request')
  if (readRequest !== undefined) made.set('llhttp: request, read, header list built', () => readRequest(typicalRequest))
  const readResponse = llhttpReader('response')
  if (readResponse !== undefined) made.set('llhttp: response of 1 KB, read', () => readResponse(typicalResponse))
  return made
}

function measure(work: () => void, milliseconds: number): number {
  const until = performance.now() + milliseconds
  const start = process.hrtime.bigint()
  let count = 0
  while (performance.now() < until) {
    for (let n = 0; n < 500; n++) work()
    count += 500
  }
  return Number(process.hrtime.bigint() - start) / 1000 / count
}

function main(): void {
  const milliseconds = Number(process.argv[2] ?? 300)
  const all = [...cases()]
  const figures = new Map<string, number[]>(all.map(([name]) => [name, []]))
  for (const [, work] of all) measure(work, milliseconds)
  for (let round = 0; round < 7; round++) {
    for (const [name, work] of all) figures.get(name)?.push(measure(work, milliseconds))
  }
  for (const [name, found] of figures) {
    found.sort((a, b) => a - b)
    const [least = 0, , , median = 0, , , most = 0] = found
    console.log(`${median.toFixed(2)} µs  (${least.toFixed(2)} to ${most.toFixed(2)})  ${name}`)
  }
}

main()
