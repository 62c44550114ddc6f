import { availableParallelism } from 'node:os'

/** The most workers that are started without being asked for by number. */
const ceiling = 256

/** Platforms whose kernel spreads connections over the sockets that share a port. */
const sharing: ReadonlySet<NodeJS.Platform> = new Set(['linux', 'freebsd', 'sunos', 'aix'])

/**
 * How many processes serve; 1 = this one. `auto` is as many as can run at one time, by what the system and the limits
 * of a container allow. Throws when several are asked for by number where they cannot share a port.
 */
export function workerCount(
  asked: number | 'auto',
  cores: number = availableParallelism(),
  platform: NodeJS.Platform = process.platform,
): number {
  const count = asked === 'auto' ? Math.min(cores, ceiling) : asked
  if (count === 1 || sharing.has(platform)) return count
  if (asked === 'auto') return 1
  throw new Error(
    `proxy.workers is ${asked}, but on ${platform} several processes cannot share the connections of a port`,
  )
}
