/** What readiness depends on. */
export interface ReadinessFacts {
  /** Whether a snapshot runs. */
  readonly running: boolean
  /** Sentences about listeners that are not bound. */
  readonly unbound: readonly string[]
  readonly draining: boolean
  /** Whether what runs came from disk and no control plane has confirmed it. */
  readonly stale: boolean
}

/** The answer of `/readyz`. */
export interface Readiness {
  readonly ready: boolean
  readonly body: { readonly status: 'ready' | 'unready'; readonly reason?: string; readonly stale?: true }
}

/** Whether this proxy should get traffic. Serving what was good last is ready, and says so. */
export function readiness({ running, unbound, draining, stale }: ReadinessFacts): Readiness {
  if (draining) return unready('draining')
  if (!running) return unready('no snapshot')
  if (unbound.length > 0) return unready(unbound.join('; '))
  return { ready: true, body: stale ? { status: 'ready', stale: true } : { status: 'ready' } }
}

function unready(reason: string): Readiness {
  return { ready: false, body: { status: 'unready', reason } }
}
