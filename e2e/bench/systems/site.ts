import type { Scope } from '@vrata/testkit'
import type { Certificate } from './certificate.ts'

/** What a system is asked to be in front of the backend. */
export interface Site {
  /** What clients speak: HTTP/1.1 in clear text, HTTP/1.1 in TLS, HTTP/2 in TLS. */
  readonly front: 'http' | 'tls' | 'h2'
  /**
   * How requests find the backend. `bare`: all of them go there. `many`: one prefix out of a thousand, and a header with
   * a certain value. `costly`: the last of many routes with the same prefix, told apart by their predicates alone.
   */
  readonly table: 'bare' | 'many' | 'costly'
  /** Whether clients open WebSockets. */
  readonly webSockets: boolean
  /** Port of the backend on the loopback interface. */
  readonly upstream: number
  /** What a front with TLS shows. */
  readonly certificate: Certificate | undefined
  /** Processes or threads that serve. */
  readonly workers: number
  /** Connections of the load: as many to the backend have to fit into the pool. */
  readonly connections: number
  /** Cores that the system may use. */
  readonly cores: readonly number[]
  /** Cores for what belongs to the system but does not serve. */
  readonly otherCores: readonly number[]
  /** An existing empty folder for its files. */
  readonly folder: string
}

/** A system that serves a site. */
export interface Running {
  readonly port: number
  /** Its processes; their children count as well. */
  readonly pids: readonly number[]
}

/** One of those who are compared. */
export interface System {
  readonly name: string
  /** Name and version for people; undefined when it is not installed. */
  version(): string | undefined
  /** Serves when this resolves; ends with the scope. Throws `Unavailable` for what it cannot be. */
  start(scope: Scope, site: Site): Promise<Running>
}

/** A system cannot take part in a cell; the message says why and stands in the results. */
export class Unavailable extends Error {}

/** Routes of the table `many`. */
export const manyRoutes = 1_000

/** Prefix of route `n` of the table `many`, without a slash at its end. */
export function manyPrefix(n: number): string {
  return `/service-${n}`
}

/** Header and value that every route of the table `many` asks for. */
export const tier = { header: 'X-Tier', value: 'gold' } as const

/** What the load asks for in the table `many`. */
export const manyPath = `${manyPrefix(617)}/items`
