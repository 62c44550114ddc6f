import type { WorkerCount } from '../traffic.ts'

/** What readiness depends on. */
export interface ReadinessFacts {
  /** Whether a snapshot runs. */
  readonly running: boolean
  /** Sentences about listeners that are not bound. */
  readonly unbound: readonly string[]
  readonly draining: boolean
  /** Whether what runs came from disk and no control plane has confirmed it. */
  readonly stale: boolean
  /** Undefined when there are none: the process serves itself. */
  readonly workers: WorkerCount | undefined
}

/** The answer of `/readyz`. */
export interface Readiness {
  readonly ready: boolean
  readonly body: {
    readonly status: 'ready' | 'unready'
    readonly reason?: string
    readonly stale?: true
    readonly workers?: WorkerCount
  }
}

/**
 * Whether this proxy should get traffic. Serving what was good last is ready, and says so; so is serving with fewer
 * workers than there should be: each of them takes its share of the connections of those that are gone.
 */
export function readiness({ running, unbound, draining, stale, workers }: ReadinessFacts): Readiness {
  const reason = whyNot()
  const shown = workers === undefined ? {} : { workers }
  if (reason !== undefined) return { ready: false, body: { status: 'unready', reason, ...shown } }
  return { ready: true, body: { status: 'ready', ...(stale ? { stale } : {}), ...shown } }

  function whyNot(): string | undefined {
    if (draining) return 'draining'
    if (!running) return 'no snapshot'
    if (workers?.serving === 0) return 'no worker serves'
    return unbound.length > 0 ? unbound.join('; ') : undefined
  }
}
