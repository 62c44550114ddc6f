import { ControlPlaneSection } from './control-plane.ts'
import type { ControlPlaneConfig, ProxyConfig } from './file.ts'
import { ProxySection } from './proxy.ts'

/** A key that is set in a file although this version does nothing with it. */
export interface UnsupportedKey {
  readonly key: string
  /** True: the program must not start, since protection or behaviour would be missing without a sign. */
  readonly refuse: boolean
  /** A sentence for the log or for the error. */
  readonly message: string
}

interface Row<C> {
  readonly key: string
  readonly refuse: boolean
  readonly isSet: (config: C) => boolean
  readonly message: string
}

const controlPlane: readonly Row<ControlPlaneConfig>[] = [
  {
    key: 'controlPlane.tls',
    refuse: true,
    isSet: (config) => config.controlPlane.tls !== undefined,
    message: 'this version serves the API in clear text only',
  },
  {
    key: 'controlPlane.auth',
    refuse: true,
    isSet: (config) => config.controlPlane.auth !== undefined,
    message: 'this version does not check API keys',
  },
  {
    key: 'controlPlane.encryption',
    refuse: true,
    isSet: (config) => config.controlPlane.encryption !== undefined,
    message: 'this version stores everything in clear',
  },
  {
    key: 'controlPlane.raft',
    refuse: true,
    isSet: (config) => config.controlPlane.raft !== undefined,
    message: 'this version runs as a single node',
  },
  {
    key: 'controlPlane.etcd',
    refuse: true,
    isSet: (config) => config.controlPlane.etcd !== undefined,
    message: 'this version keeps its data in a local database only',
  },
  {
    key: 'controlPlane.snapshots.retention',
    refuse: false,
    isSet: ({ controlPlane: { snapshots } }) =>
      snapshots.retention.maxCount > 0 || snapshots.retention.maxAge !== undefined,
    message: 'this version keeps all snapshots',
  },
  {
    key: 'controlPlane.audit',
    refuse: false,
    isSet: (config) => config.controlPlane.audit.maxAge !== ControlPlaneSection.parse({}).audit.maxAge,
    message: 'this version keeps no audit trail',
  },
]

const proxy: readonly Row<ProxyConfig>[] = [
  {
    key: 'proxy.encryption',
    refuse: true,
    isSet: (config) => config.proxy.encryption !== undefined,
    message: 'this version keeps the last good snapshot in clear',
  },
  {
    key: 'proxy.tls.clientAuth',
    refuse: false,
    isSet: (config) => config.proxy.tls?.clientAuth !== undefined,
    message: 'a proxy is a client of the control plane and asks nobody for a certificate',
  },
  {
    key: 'proxy.metrics',
    refuse: false,
    isSet: (config) => config.proxy.metrics.maxSeries !== ProxySection.parse({}).metrics.maxSeries,
    message: 'this version collects no metrics of traffic',
  },
]

/**
 * The keys of a valid file that this version accepts but does not act on, judged for the program that the
 * configuration belongs to: a shared file may hold keys of the other one. A row goes when its feature comes.
 */
export function unsupportedKeys(config: ControlPlaneConfig | ProxyConfig): UnsupportedKey[] {
  const rows =
    config.mode === 'proxy' ? proxy.filter((row) => row.isSet(config)) : controlPlane.filter((row) => row.isSet(config))
  return rows.map(({ key, refuse, message }) => ({ key, refuse, message: `${key} is set, but ${message}` }))
}
