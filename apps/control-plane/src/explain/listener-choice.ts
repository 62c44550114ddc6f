import { type ExplainRequest, Listener } from '@vrata/model'
import { canonicalHost, compileHostnames } from '@vrata/routing'

/** A listener that a described request comes in on; `real` is false while the configuration has none at all. */
export interface ChosenListener {
  readonly listener: Listener
  readonly real: boolean
}

/** Stands in while a configuration has no listener: it does what a listener does by default. */
const standIn: ChosenListener = { listener: Listener.parse({ id: 'none', port: 1 }), real: false }

/**
 * The listener that the request names, else the first by id that is encrypted as the request says and takes its host,
 * else the first. Undefined when the one that it names is not there.
 */
export function chooseListener(
  sample: ExplainRequest,
  listeners: ReadonlyMap<string, Listener>,
): ChosenListener | undefined {
  if (sample.listenerId !== undefined) {
    const listener = listeners.get(sample.listenerId)
    return listener && { listener, real: true }
  }
  const all = [...listeners.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
  const listener = all.find((one) => takes(one, sample)) ?? all[0]
  return listener === undefined ? standIn : { listener, real: true }
}

function takes({ hostnames = [], tls }: Listener, sample: ExplainRequest): boolean {
  const encrypted = sample.scheme === undefined ? sample.tls : sample.scheme === 'https'
  if (encrypted !== undefined && (encrypted !== false) !== (tls !== undefined)) return false
  const host = canonicalHost(sample.host ?? hostHeader(sample) ?? 'localhost')
  return host !== undefined && compileHostnames(hostnames)(host)
}

function hostHeader({ headers }: ExplainRequest): string | undefined {
  const [, value] = Object.entries(headers).find(([name]) => name.toLowerCase() === 'host') ?? []
  return typeof value === 'string' ? value : value?.[0]
}
