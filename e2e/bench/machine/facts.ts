import { cpus, release, totalmem } from 'node:os'
import type { System } from '../systems/site.ts'
import type { Cores } from './cores.ts'
import { programVersion } from './programs.ts'

/** What a measurement was taken on. */
export interface Facts {
  readonly date: string
  readonly processor: string
  /** How the cores were shared out, in words. */
  readonly cores: string
  readonly memory: string
  readonly kernel: string
  readonly node: string
  /** Systems, load generators and their versions, for people. */
  readonly versions: readonly string[]
}

/** Looks at this machine. */
export function machineFacts(cores: Cores, systems: readonly System[]): Facts {
  const tools = ['wrk', 'h2load'].map((name) => [name, programVersion(name, name === 'wrk' ? '-v' : '--version')])
  const all = [...systems.map((system) => [system.name, system.version()]), ...tools]
  return {
    date: new Date().toISOString().slice(0, 10),
    processor: cpus()[0]?.model ?? 'unknown',
    cores: `${cpus().length}: systems on ${cores.system.join(', ')}, load and backends on ${cores.load.join(', ')}`,
    memory: `${(totalmem() / 2 ** 30).toFixed(0)} GB`,
    kernel: `Linux ${release()}`,
    node: process.version,
    versions: all.map(([name, version]) => `${name} ${version ?? 'not installed'}`),
  }
}
