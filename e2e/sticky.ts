import { lookup } from 'node:dns/promises'
import { type Answer, ask, type Backend, type RequestOptions } from '@vrata/testkit'

/** A name that has no address (RFC 6761, 6.4); absolute, so that no search domain is tried with it. */
export const unknownName = 'nowhere.invalid.'

/** Whether it has one all the same: there are name servers that have an address for every name. */
export async function isEveryNameKnown(): Promise<boolean> {
  return lookup(unknownName).then(
    () => true,
    () => false,
  )
}

/** A client that keeps its cookies, as a browser does. */
export class StickyClient {
  /** The value of each cookie by name. */
  readonly cookies = new Map<string, string>()
  /** Attributes as they came last, by name of the cookie. */
  readonly attributes = new Map<string, string>()
  /** How often it was given a cookie. */
  given = 0

  /** The body of the answer without its line feed, which is the name of a backend; throws when the answer is not 200. */
  async visit(url: string, options: RequestOptions = {}): Promise<string> {
    const answer = await this.ask(url, options)
    if (answer.status !== 200) throw new Error(`${url} answered ${answer.status}: ${answer.body}`)
    return answer.body.trim()
  }

  async ask(url: string, options: RequestOptions = {}): Promise<Answer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = cookie === '' ? options.headers : { ...options.headers, cookie }
    const answer = await ask(url, { ...options, ...(headers ? { headers } : {}) })
    for (const line of answer.headers['set-cookie'] ?? []) this.#take(line)
    return answer
  }

  #take(line: string): void {
    const [, name = '', value = '', attributes = ''] = /^([^=]*)=([^;]*);? ?(.*)$/.exec(line) ?? []
    this.cookies.set(name, value)
    this.attributes.set(name, attributes)
    this.given++
  }
}

/** As many clients, none of which has been here before. */
export function newClients(count: number): readonly StickyClient[] {
  return Array.from({ length: count }, () => new StickyClient())
}

/** Where each of the clients ends up. */
export function visits(clients: readonly StickyClient[], url: string): Promise<string[]> {
  return Promise.all(clients.map((client) => client.visit(url)))
}

/** Endpoints of a destination. */
export function endpointsOf(backends: readonly Backend[]): { host: string; port: number }[] {
  return backends.map(({ address, port }) => ({ host: address.slice(0, address.lastIndexOf(':')), port }))
}

/** How many of these are this one, as a share. */
export function shareOf(list: readonly string[], one: string): number {
  return list.filter((other) => other === one).length / list.length
}
