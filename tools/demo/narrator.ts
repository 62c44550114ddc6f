import { ask } from '@vrata/testkit'

/** Prints a tour as it happens and remembers whether everything was as it should be. */
export interface Narrator {
  /** Begins a numbered part. */
  part(title: string): void
  /** A sentence for the reader. */
  say(text: string): void
  /** Says whether something holds. The tour goes on when it does not, and fails at its end. */
  check(holds: boolean, sentence: string): void
  /** Calls the API, shows the call as a curl line and what came back, checks the status, gives the parsed body. */
  api(method: string, path: string, body: object | undefined, status: number): Promise<Record<string, unknown>>
  /** Sends a request through the proxy, shows it, and checks the body; undefined = only shows it. */
  get(url: string, expected?: string): Promise<string>
  /** Sentences that did not hold. */
  readonly wrong: readonly string[]
}

/** A narrator that writes to stdout. `apiBase` is the address of the control plane. */
export function narrator(apiBase: string): Narrator {
  const wrong: string[] = []
  let parts = 0
  const check = (holds: boolean, sentence: string): void => {
    console.log(`   ${holds ? '✓' : '✗'} ${sentence}`)
    if (!holds) wrong.push(sentence)
  }
  return {
    wrong,
    check,
    part: (title) => console.log(`\n${++parts}. ${title}`),
    say: (text) => console.log(`   ${text}`),
    async api(method, path, body, status) {
      // --json sends the content type along; with it POST need not be said
      const data = body === undefined ? '' : ` --json '${JSON.stringify(body)}'`
      const verb = method === (body === undefined ? 'GET' : 'POST') ? '' : ` -X ${method}`
      console.log(`   $ curl${verb}${data} ${apiBase}${path}`)
      const answer = await ask(apiBase + path, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      })
      console.log(`     ${answer.status} ${shortened(answer.body)}`)
      if (answer.status !== status) check(false, `${method} ${path} should have answered ${status}`)
      return parsed(answer.body)
    },
    async get(url, expected) {
      console.log(`   $ curl ${url}`)
      const { status, body } = await ask(url)
      console.log(`     ${status} ${shortened(body)}`)
      if (expected !== undefined && body !== expected) check(false, `the answer should have been ${expected.trim()}`)
      return body
    },
  }
}

function shortened(text: string): string {
  const line = text.trim()
  return line.length > 160 ? `${line.slice(0, 160)}…` : line
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {} // no JSON: the status, which is checked and shown, says what happened
  }
}
