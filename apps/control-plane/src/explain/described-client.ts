import { type ClientCookie, type ClientReader, cookieValue, type Random } from '@vrata/balancers'
import type { AdmittedRequest } from './admission.ts'

/** The client of a described request: what choices read of it, and what they read last. */
export class DescribedClient {
  readonly request: AdmittedRequest
  /** Where the value that was found last stands, as text. */
  source = ''
  readonly #random: Random
  readonly #given = new Map<string, string>()

  constructor(request: AdmittedRequest, random: Random) {
    this.request = request
    this.#random = random
  }

  /** Notes where a value stands, if there is one. */
  found(value: string | undefined, source: string): string | undefined {
    if (value !== undefined) this.source = source
    return value
  }

  given(name: string): string | undefined {
    return this.#given.get(name)
  }

  /** As proxies make one: 32 hexadecimal digits, but such as the seed says. */
  begin(name: string): string {
    const digits = Array.from({ length: 32 }, () => Math.floor(this.#random() * 16).toString(16))
    const id = digits.join('')
    this.#given.set(name, id)
    return id
  }
}

/** Reads a described client as proxies read theirs. */
export const describedClients: ClientReader<DescribedClient> = {
  clientIp: (client) => client.found(client.request.facts.clientIp, 'the address of the client') ?? '',
  headerLine(client, name) {
    const { facts, lines } = client.request
    const value = name === 'host' ? facts.host : lines.get(name)?.find((line) => line !== '')
    return client.found(value, `header ${name}`)
  },
  sentCookie(client, name) {
    for (const line of client.request.lines.get('cookie') ?? []) {
      const value = cookieValue(line, name)
      if (value !== undefined) return client.found(value, `cookie ${name}`)
    }
    return undefined
  },
  givenCookie: (client, name) => client.found(client.given(name), `the new cookie ${name}`),
  newSession(client, { name }: ClientCookie) {
    return client.found(client.begin(name), `the new cookie ${name}`) ?? ''
  },
}
