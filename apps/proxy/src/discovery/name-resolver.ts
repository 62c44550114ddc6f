import { lookup, Resolver } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'
import { Turnstile } from '@vrata/service'
import { codeOf } from '../failure/to-failure.ts'
import { hostsEntries, readHosts } from './hosts-file.ts'

/** What a name stands for. */
export interface Resolved {
  /** Distinct and sorted, so that two answers with the same addresses are equal. Never empty. */
  readonly addresses: readonly string[]
  /** Milliseconds for which the answer is good; undefined when its source does not say. */
  readonly ttl: number | undefined
}

/** Resolves names to addresses. */
export interface NameResolver {
  /**
   * All addresses of a name. Rejects with an error of the platform when there is none.
   *
   * @param before the addresses of an earlier answer: those of a family whose question fails stay
   */
  resolve(name: string, before: readonly string[]): Promise<Resolved>
}

export interface SystemResolverOptions {
  /** `host:port` of name servers, in place of those of the system; for tests. */
  readonly servers?: readonly string[]
  /** Path of the hosts file. */
  readonly hosts?: string
  /** The look-up of the system: all addresses of a name. */
  readonly system?: (name: string) => Promise<readonly string[]>
}

/** Milliseconds that a name server has for an answer, and how often it is asked. */
const questionTime = 1_500
const questions = 2

/** Names that are asked for at one time: a large snapshot must not flood the name servers. */
const atOnce = 64

/** The hosts file is read by no more than this at one time: each costs a file descriptor. */
const readersAtOnce = 8

/** Codes that say that a name has no address of the wanted kind, rather than that nobody could be asked. */
const absent: ReadonlySet<string> = new Set(['ENOTFOUND', 'ENODATA'])

/** One address family's part of an answer. */
interface Part {
  readonly addresses: readonly string[]
  readonly ttl: number | undefined
}

/**
 * Resolves as the system does, but with times to live: first the hosts file, then the name servers. A name that they do
 * not know, or that has no dot, is left to the system's own look-up, which knows search domains and other sources.
 */
export class SystemResolver implements NameResolver {
  readonly #turnstile = new Turnstile(atOnce)
  readonly #readers = new Turnstile(readersAtOnce)
  readonly #resolver = new Resolver({ timeout: questionTime, tries: questions })
  readonly #hosts: string
  readonly #system: (name: string) => Promise<readonly string[]>

  constructor({ servers, hosts = '/etc/hosts', system = bySystem }: SystemResolverOptions = {}) {
    if (servers !== undefined) this.#resolver.setServers(servers)
    this.#hosts = hosts
    this.#system = system
  }

  async resolve(name: string, before: readonly string[]): Promise<Resolved> {
    const plain = name.endsWith('.') ? name.slice(0, -1) : name
    // Not in one line with names that have to be asked for: servers that are silent would hold up what is known here.
    const listed = await this.#readers.pass(async () => hostsEntries(await readHosts(this.#hosts), plain))
    if (listed.length > 0) return answer(listed, undefined)
    return this.#turnstile.pass(() => this.#ask(name, plain, before))
  }

  async #ask(name: string, plain: string, before: readonly string[]): Promise<Resolved> {
    if (!plain.includes('.')) return answer(await this.#system(name), undefined)
    try {
      return await this.#byServers(name, before)
    } catch (thrown) {
      if (!absent.has(codeOf(thrown))) throw thrown
      return answer(await this.#system(name), undefined)
    }
  }

  async #byServers(name: string, before: readonly string[]): Promise<Resolved> {
    const [four, six] = await Promise.allSettled([
      this.#resolver.resolve4(name, { ttl: true }),
      this.#resolver.resolve6(name, { ttl: true }),
    ])
    const known = Object.groupBy(before, (address) => (address.includes(':') ? 'six' : 'four'))
    const parts = [partOf(four, known.four ?? []), partOf(six, known.six ?? [])]
    const addresses = parts.flatMap((part) => part.addresses)
    if (addresses.length === 0) throw failureOf(four, six)
    const ttls = parts.flatMap(({ ttl }) => ttl ?? [])
    return answer(reachable(addresses), ttls.length === 0 ? undefined : Math.min(...ttls))
  }
}

type Settled = PromiseSettledResult<readonly { readonly address: string; readonly ttl: number }[]>

/** When nobody could be asked, what was known before is still the best guess. */
function partOf(result: Settled, before: readonly string[]): Part {
  if (result.status === 'rejected') {
    return { addresses: absent.has(codeOf(result.reason)) ? [] : before, ttl: undefined }
  }
  const addresses = result.value.map(({ address }) => address)
  const ttl = result.value.reduce((least, one) => Math.min(least, one.ttl), Number.POSITIVE_INFINITY)
  return { addresses, ttl: addresses.length === 0 ? undefined : ttl * 1_000 }
}

/** Both families have nothing: "could not be asked" weighs more than "is not there". */
function failureOf(four: Settled, six: Settled): unknown {
  const reasons = [four, six].flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
  return reasons.find((reason) => !absent.has(codeOf(reason))) ?? reasons[0] ?? new Error('no address')
}

async function bySystem(name: string): Promise<readonly string[]> {
  const found = await lookup(name, { all: true, order: 'verbatim' })
  return found.map(({ address }) => address)
}

function answer(addresses: readonly string[], ttl: number | undefined): Resolved {
  return { addresses: [...new Set(addresses)].sort(), ttl }
}

/**
 * Without IPv6 addresses that this machine could reach: when it has none of its own beyond loopback and link, traffic
 * to others would fail. If nothing else is there, they stay.
 */
function reachable(addresses: readonly string[]): readonly string[] {
  if (!addresses.some(isFarIpv6) || hasFarIpv6()) return addresses
  const near = addresses.filter((address) => !isFarIpv6(address))
  return near.length === 0 ? addresses : near
}

function isFarIpv6(address: string): boolean {
  return address.includes(':') && address !== '::1'
}

function hasFarIpv6(): boolean {
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ family, internal, address }) => family === 'IPv6' && !internal && !address.startsWith('fe80:')),
  )
}
