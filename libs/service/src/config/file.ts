import { z } from 'zod'
import { ControlPlaneSection } from './control-plane.ts'
import { ProxySection, RunningProxySection } from './proxy.ts'
import { LogConfig, SessionStoreConfig } from './sections.ts'

/** The two programs of the product, as the key `mode` names them. */
export type Program = 'controlplane' | 'proxy'

const titles: Record<Program, string> = { controlplane: 'control plane', proxy: 'proxy' }

function mode<P extends Program>(program: P) {
  const other = program === 'proxy' ? 'controlplane' : 'proxy'
  return z
    .literal(program, {
      error: ({ input }) =>
        input === other
          ? `is ${other}: this file belongs to the ${titles[other]}, and this program is the ${titles[program]}`
          : 'must be controlplane or proxy',
    })
    .default(program)
}

const shared = {
  log: LogConfig.prefault({}),
  sessionStore: SessionStoreConfig.optional(),
}

/**
 * The whole configuration file as the control plane reads it. Both sections are checked, so that one shared file is
 * wrong for everybody or for nobody.
 */
export const ControlPlaneConfig = z.strictObject({
  mode: mode('controlplane'),
  controlPlane: ControlPlaneSection.prefault({}),
  proxy: ProxySection.prefault({}),
  ...shared,
})
export type ControlPlaneConfig = z.output<typeof ControlPlaneConfig>

/** The whole configuration file as a proxy reads it: `proxy.controlPlaneUrl` must be there. */
export const ProxyConfig = z.strictObject({
  mode: mode('proxy'),
  controlPlane: ControlPlaneSection.prefault({}),
  proxy: RunningProxySection.prefault({}),
  ...shared,
})
export type ProxyConfig = z.output<typeof ProxyConfig>
