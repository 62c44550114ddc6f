import { once } from 'node:events'
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import type { TestContext } from 'node:test'

/** For tests: one block of a stream; lines as they came. */
export interface StreamBlock {
  readonly text: string
  readonly event: string | undefined
  readonly id: string | undefined
  readonly data: string | undefined
}

/** For tests: a client of the snapshot stream that sees every byte. */
export interface TestStream {
  readonly headers: IncomingHttpHeaders
  readonly status: number
  /** The next block that is an event, or a comment when asked for. Rejects when the stream ends first. */
  next(kind?: 'event' | 'comment'): Promise<StreamBlock>
  /** All bytes so far. */
  readonly text: string
  /** Resolves when the stream has ended. */
  readonly ended: Promise<void>
  pause(): void
  resume(): void
  close(): void
}

/** For tests: opens a stream; it is closed after the test. */
export async function openStream(
  t: TestContext,
  url: string,
  path = '/api/v1/sync/snapshot',
  headers: Readonly<Record<string, string>> = {},
): Promise<TestStream> {
  const { hostname, port } = new URL(url)
  const sent = request({ hostname, port, path, agent: false, headers })
  t.after(() => sent.destroy())
  sent.end()
  const [answer]: IncomingMessage[] = await once(sent, 'response')
  if (!answer) throw new Error('no answer')
  let text = ''
  let read = 0
  let wake = () => {}
  let over = false
  answer.setEncoding('utf8')
  answer.on('data', (chunk: string) => {
    text += chunk
    wake()
  })
  answer.on('error', () => undefined)
  const ended = new Promise<void>((resolve) => {
    answer.once('close', () => {
      over = true
      wake()
      resolve()
    })
  })
  return {
    headers: answer.headers,
    status: answer.statusCode ?? 0,
    ended,
    get text() {
      return text
    },
    async next(kind = 'event') {
      for (;;) {
        const end = text.indexOf('\n\n', read)
        if (end >= 0) {
          const block = parse(text.slice(read, end))
          read = end + 2
          if ((kind === 'event') === (block.event !== undefined)) return block
        } else if (over) throw new Error(`the stream ended after ${JSON.stringify(text.slice(-200))}`)
        else await new Promise<void>((resolve) => (wake = resolve))
      }
    },
    pause: () => void answer.pause(),
    resume: () => void answer.resume(),
    close: () => sent.destroy(),
  }
}

function parse(text: string): StreamBlock {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1]
  return { text, event: field('event'), id: field('id'), data: field('data') }
}
