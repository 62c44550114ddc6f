import { nameFlag, type ResponseHead } from '@vrata/http1'

/** How much earlier than its endpoint a connection is given up, in milliseconds: a request takes time to get there. */
const margin = 1_000

const hint = /(?:^|[,;\s])timeout\s*=\s*"?(\d{1,9})/i

/**
 * How long an endpoint keeps a connection without a request, by the `Keep-Alive` of its answer; in milliseconds, Infinity
 * where it does not say. Whoever sends later than that runs into the closing.
 */
export function keptFor({ fields }: ResponseHead): number {
  if ((fields.flags & nameFlag.keepAlive) === 0) return Infinity
  const said = fields.get('keep-alive')
  const seconds = said === undefined ? undefined : hint.exec(said)?.[1]
  if (seconds === undefined) return Infinity
  const time = Number(seconds) * 1_000
  return time - Math.min(margin, time / 2)
}
