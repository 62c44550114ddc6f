import type { Agent } from 'node:http'
import { ask, oneConnection } from './requests.ts'

/** What a constant load has seen so far. */
export interface LoadCounts {
  readonly answered: number
  /** A sentence for each request that failed or was answered otherwise than expected; the first 20. */
  readonly failures: readonly string[]
  readonly failed: number
  /** Kept connections that the server closed while the load went on. */
  readonly dropped: number
}

/** A load under way. */
export interface Load {
  readonly counts: LoadCounts
  /** Lets requests in flight end, closes the connections, and gives the totals. */
  stop(): Promise<LoadCounts>
}

/** Who asks what. */
export interface LoadOptions {
  readonly url: string
  /** Clients, each with one kept connection and one request at a time. */
  readonly clients: number
  /** Why an answer is wrong; undefined when it is right. */
  readonly check: (status: number, body: string) => string | undefined
  /** Milliseconds that each client rests between two requests; default 0. */
  readonly pause?: number
}

/** Begins to ask `url` without end. The caller stops it, and has to do so before its scope ends. */
export function startLoad({ url, clients, check, pause = 0 }: LoadOptions): Load {
  const counts = { answered: 0, failed: 0, dropped: 0, failures: [] as string[] }
  let stopping = false
  const agents: Agent[] = []
  const watched = new WeakSet<object>()
  const fail = (why: string): void => {
    counts.failed++
    if (counts.failures.length < 20) counts.failures.push(why)
  }
  const one = async (): Promise<void> => {
    const agent = oneConnection()
    agents.push(agent)
    agent.on('free', (socket) => {
      if (watched.has(socket)) return
      watched.add(socket)
      socket.on('close', () => {
        if (!stopping) counts.dropped++
      })
    })
    while (!stopping) {
      try {
        const { status, body } = await ask(url, { agent })
        counts.answered++
        const wrong = check(status, body)
        if (wrong !== undefined) fail(wrong)
      } catch (error) {
        fail(String(error))
      }
      if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }
  const running = Array.from({ length: clients }, one)
  return {
    counts,
    async stop() {
      stopping = true
      await Promise.all(running)
      for (const agent of agents) agent.destroy()
      return counts
    },
  }
}
