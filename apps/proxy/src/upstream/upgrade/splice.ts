import { request as httpRequest, type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { SwitchRequest } from './handshake.ts'
import { JoinedSockets } from './joined-sockets.ts'

/** Sends a request for any protocol but WebSocket, and joins the connections byte by byte when the endpoint agrees. */
export function sendSpliced(exchange: SwitchRequest): void {
  const { request, offer } = exchange
  const sent = httpRequest({
    agent: exchange.agent,
    method: request.method,
    path: request.target,
    headers: ['host', request.authority, ...request.headers, 'connection', 'Upgrade', 'upgrade', offer.token],
  })
  exchange.begun(sent)
  sent.on('response', (answer) => exchange.answered(answer))
  sent.on('error', (error) => exchange.failed(error))
  sent.on('upgrade', (answer: IncomingMessage, upstream: Socket, firstBytes: Buffer) => {
    const fields = exchange.switching(answer, upstream)
    if (fields === undefined) return
    exchange.switched(new JoinedSockets(offer.socket, upstream, false, offer.idleLimit))
    offer.socket.write(switchText(fields), 'latin1')
    join(offer.socket, offer.firstBytes, upstream, firstBytes)
  })
  sent.end()
}

/** The ends of both directions are passed on one by one, so each side may go on sending after the other has finished. */
function join(client: Duplex, fromClient: Buffer, upstream: Duplex, fromUpstream: Buffer): void {
  if (fromClient.length > 0) client.unshift(fromClient)
  if (fromUpstream.length > 0) upstream.unshift(fromUpstream)
  client.pipe(upstream)
  upstream.pipe(client)
}

function switchText(fields: readonly string[]): string {
  let text = `HTTP/1.1 101 ${STATUS_CODES[101]}\r\n`
  for (let at = 0; at < fields.length; at += 2) text += `${fields[at]}: ${fields[at + 1]}\r\n`
  return `${text}\r\n`
}
