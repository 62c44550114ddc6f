import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo, type Socket } from 'node:net'
import { text as readText } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { type Outgoing, outgoingBytes } from './body-writer.ts'
import { ClientConnection } from './client-connection.ts'
import { FieldLines } from './field-lines.ts'
import { ServerConnection } from './server-connection.ts'

function write(socket: Socket, out: Outgoing): void {
  socket.write(outgoingBytes(out))
}

function portOf(server: net.Server): number {
  return (server.address() as AddressInfo).port
}

/** A server of ours that sends every body back, chunked, with its size in a trailer. */
function serveEcho(socket: Socket): void {
  const connection = new ServerConnection()
  let size = 0
  const pump = () => {
    for (;;) {
      const event = connection.next()
      if (event.kind === 'request') {
        size = 0
        if (event.expectContinue) write(socket, connection.inform(100))
        write(
          socket,
          connection.start({ status: 200, fields: new FieldLines().add('method', event.method), length: 'unknown' }),
        )
      } else if (event.kind === 'data') {
        size += event.bytes.length
        write(socket, connection.data(event.bytes))
      } else if (event.kind === 'end') write(socket, connection.end(new FieldLines().add('x-size', String(size))))
      else if (event.kind === 'closed') return socket.end()
      else return undefined
    }
  }
  socket.on('error', () => socket.destroy())
  socket.on('data', (bytes) => {
    connection.receive(bytes)
    pump()
  })
  socket.on('end', () => {
    connection.receiveEnd()
    pump()
  })
}

async function listen(t: TestContext, server: net.Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return portOf(server)
}

const sizes = [0, 1, 1000, 100_000, 1_000_000]

test('the HTTP client of node talks to our server over one kept connection', async (t) => {
  const port = await listen(t, net.createServer({ allowHalfOpen: true }, serveEcho))
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  const sockets = new Set<unknown>()
  for (const size of sizes) {
    for (const headers of [
      { 'content-length': size },
      { 'transfer-encoding': 'chunked' },
      { expect: '100-continue' },
    ]) {
      const body = 'x'.repeat(size)
      const request = http.request({ port, host: '127.0.0.1', agent, method: 'POST', headers })
      request.on('socket', (socket) => sockets.add(socket))
      request.end(body)
      const [response]: http.IncomingMessage[] = await once(request, 'response')
      assert.ok(response)
      assert.equal(await readText(response), body)
      assert.deepEqual(
        [response.statusCode, response.headers['method'], response.trailers['x-size']],
        [200, 'POST', String(size)],
      )
    }
  }
  assert.equal(sockets.size, 1)
})

test('our client talks to the HTTP server of node over one kept connection', async (t) => {
  const server = http.createServer((request, response) => {
    const length = request.headers['x-length']
    if (length === undefined) response.setHeader('trailer', 'x-size')
    else response.setHeader('content-length', length)
    let size = 0
    request.on('data', (bytes: Buffer) => {
      size += bytes.length
      response.write(bytes)
    })
    request.on('end', () => {
      if (length === undefined) response.addTrailers({ 'x-size': String(size) })
      response.end()
    })
  })
  const port = await listen(t, server)
  t.after(() => server.closeAllConnections())
  const socket = net.connect(port, '127.0.0.1')
  t.after(() => socket.destroy())
  const pieces: AsyncIterator<Buffer> = socket[Symbol.asyncIterator]()
  const connection = new ClientConnection()
  for (const size of sizes) {
    for (const declared of [true, false]) {
      const body = Buffer.alloc(size, 'x')
      const fields = new FieldLines()
      if (declared) fields.add('x-length', String(size))
      assert.equal(connection.reusable, true)
      write(
        socket,
        connection.start(
          { method: 'POST', target: '/', host: 'a', fields, length: declared ? size : 'unknown' },
          body,
          true,
        ),
      )
      const seen = await readResponse(pieces, connection)
      assert.deepEqual(seen, { status: 200, size, trailer: declared ? undefined : String(size) })
    }
  }
})

/** Reads one response from a socket. */
async function readResponse(pieces: AsyncIterator<Buffer>, connection: ClientConnection) {
  const seen = { status: 0, size: 0, trailer: undefined as string | undefined }
  for (;;) {
    const event = connection.next()
    if (event.kind === 'response') seen.status = event.status
    else if (event.kind === 'data') seen.size += event.bytes.length
    else if (event.kind === 'end') return { ...seen, trailer: event.trailers?.get('x-size') }
    else if (event.kind === 'need-data') {
      const { value, done } = await pieces.next()
      if (done === true) connection.receiveEnd()
      else connection.receive(value)
    } else throw new Error(event.kind === 'refused' ? event.reason : event.kind)
  }
}
