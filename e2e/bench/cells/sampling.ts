import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ProgramScope, type Scope } from '@vrata/testkit'
import type { LoadResult } from '../load/result.ts'
import { coreSeconds, processSeconds } from '../machine/cpu-time.ts'
import { type Running, type Site, type System, Unavailable } from '../systems/site.ts'
import type { Lab } from './cell.ts'

/** A system as one run of the load saw it. */
export interface Sample extends LoadResult {
  /** Share of its cores, 0 to 1 for each core, that the system itself used. */
  readonly used: number
  /** Share of its cores that other programs used, or the hypervisor for other machines. */
  readonly disturbed: number
}

/** The parts of a site that a cell chooses; the lab knows the rest. */
export type Setting = Pick<Site, 'front' | 'table' | 'webSockets'> & Partial<Pick<Site, 'workers' | 'cores'>>

/** Runs a load once and looks at the system's cores and processes before and after. */
export async function takeSample(
  cores: readonly number[],
  pids: readonly number[],
  load: () => Promise<LoadResult>,
): Promise<Sample> {
  const before = { at: performance.now(), cores: coreSeconds(cores), own: processSeconds(pids) }
  const result = await load()
  const took = (performance.now() - before.at) / 1000
  const after = coreSeconds(cores)
  const used = (processSeconds(pids) - before.own) / took
  // interrupts are the system's own packets for the most part, whoever the kernel charges for them
  const busy = after.busy - before.cores.busy - (after.interrupts - before.cores.interrupts)
  return { ...result, used, disturbed: Math.max(0, busy / took - used) }
}

/**
 * Starts one system for a setting, in a folder of its own. Throws `Unavailable` when it cannot serve that, for want of a
 * certificate too.
 */
export async function startSystem(scope: Scope, lab: Lab, system: System, setting: Setting): Promise<Running> {
  if (setting.front !== 'http' && lab.certificate === undefined) throw new Unavailable('openssl is not installed')
  lab.interrupted.throwIfAborted()
  const folder = join(lab.folder, `${system.name}-${process.hrtime.bigint()}`)
  await mkdir(folder)
  return system.start(scope, {
    workers: 1,
    cores: lab.cores.system,
    otherCores: lab.cores.load,
    ...setting,
    upstream: setting.webSockets ? lab.backends.echo : lab.backends.http,
    certificate: lab.certificate,
    connections: lab.options.connections,
    folder,
  })
}

/**
 * Gives `use` a scope for programs and ends it afterwards. Programs that ended before they were told to are a remark,
 * not a failure: what was measured until then is worth keeping.
 */
export async function withPrograms<T>(remarks: string[], use: (scope: Scope) => Promise<T>): Promise<T> {
  const scope = new ProgramScope()
  try {
    return await use(scope)
  } finally {
    await scope[Symbol.asyncDispose]().catch((error: Error) => remarks.push(firstLine(error)))
  }
}

/** The first line of what an error says. */
export function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.split('\n', 1)[0] ?? ''
}
