import { connect } from 'node:net'

/** What Redis answers (Redis serialization protocol, version 2). */
export type Reply = string | number | null | readonly Reply[]

/** Sends one command to a Redis on the loopback interface. Rejects when it answers with an error. */
export async function redisCommand(port: number, words: readonly string[], password?: string): Promise<Reply> {
  const commands = password === undefined ? [words] : [['AUTH', password], words]
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  try {
    socket.write(commands.map(encoded).join(''))
    let text = ''
    for await (const chunk of socket.setEncoding('latin1')) {
      text += chunk
      const replies = decoded(text, commands.length)
      if (replies === undefined) continue
      const last = replies.at(-1) ?? null
      if (last instanceof Error) throw last
      return last
    }
    throw new Error('redis closed the connection')
  } finally {
    socket.destroy()
  }
}

function encoded(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`
}

/** Reads `count` replies, or nothing when not all of them are there. */
function decoded(text: string, count: number): (Reply | Error)[] | undefined {
  let at = 0
  const line = (): string => {
    const end = text.indexOf('\r\n', at)
    if (end === -1) throw incomplete
    const found = text.slice(at, end)
    at = end + 2
    return found
  }
  const reply = (): Reply | Error => {
    const head = line()
    const rest = head.slice(1)
    switch (head[0]) {
      case '+':
        return rest
      case '-':
        return new Error(rest)
      case ':':
        return Number(rest)
      case '*':
        return rest === '-1' ? null : Array.from({ length: Number(rest) }, () => plain(reply()))
      default: {
        if (rest === '-1') return null
        const end = at + Number(rest)
        if (text.length < end + 2) throw incomplete
        const found = text.slice(at, end)
        at = end + 2
        return found
      }
    }
  }
  try {
    return Array.from({ length: count }, reply)
  } catch (thrown) {
    if (thrown === incomplete) return undefined
    throw thrown
  }
}

const incomplete = new Error('the reply is not complete yet')

/** An error within a list, as of a transaction, as its text. */
function plain(reply: Reply | Error): Reply {
  return reply instanceof Error ? reply.message : reply
}
