/**
 * Asks for one path every millisecond over one kept connection, until it is killed, and tells in which moments answers
 * took long: one line of JSON for each tenth of a second, with the moments in milliseconds since the epoch.
 *
 *     node gap-client.ts '{"port": 8000, "path": "/"}'
 */
import { once } from 'node:events'
import { createConnection } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { median } from '../report/statistics.ts'

/** Milliseconds between two requests, and between two lines. */
const interval = 1
const reportInterval = 100

const { port, path } = JSON.parse(process.argv[2] ?? '') as { readonly port: number; readonly path: string }
const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`
const socket = createConnection({ port, host: '127.0.0.1', noDelay: true })
await once(socket, 'connect')

/** Resolves with the whole answer, whose body has a length and is not empty. */
async function answer(): Promise<string> {
  for (let text = ''; ; ) {
    const [chunk] = await once(socket, 'data')
    text += String(chunk)
    const head = text.indexOf('\r\n\r\n')
    const length = /^content-length: *(\d+)\r$/im.exec(text.slice(0, head + 2))?.[1]
    if (head >= 0 && text.length >= head + 4 + Number(length)) return text
  }
}

const now = (): number => performance.timeOrigin + performance.now()

for (let from = now(), times: number[] = []; ; ) {
  const sent = now()
  socket.write(request)
  const text = await answer()
  if (!text.startsWith('HTTP/1.1 200 ')) throw new Error(`unexpected answer:\n${text}`)
  const done = now()
  times.push(done - sent)
  if (done - from >= reportInterval) {
    console.log(JSON.stringify({ msg: 'asked', from, to: done, longest: Math.max(...times), usual: median(times) }))
    from = done
    times = []
  }
  if (now() - sent < interval) await wait(interval)
}
