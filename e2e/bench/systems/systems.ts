import { caddy } from './caddy.ts'
import { haproxy } from './haproxy.ts'
import { nginx } from './nginx.ts'
import { fastifyHttpProxy, httpProxy3 } from './node-rivals.ts'
import type { System } from './site.ts'
import { vrata } from './vrata.ts'

/** Everybody who is compared, in the order of the tables. */
export const systems: readonly System[] = [nginx, haproxy, vrata, caddy, fastifyHttpProxy, httpProxy3]

/** The one that all others are measured by. */
export const yardstick = nginx.name
