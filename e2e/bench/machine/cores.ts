import { readFileSync } from 'node:fs'

/** Which cores do what. The lists share none, unless the machine has one core only. */
export interface Cores {
  /** The core that a system under test has to itself. */
  readonly system: readonly number[]
  /** Where load generators and backends run. */
  readonly load: readonly number[]
}

/** Divides the cores that this process may use: the last one for the system under test, all others for the load. */
export function divideCores(allowed: readonly number[]): Cores {
  const last = allowed.at(-1)
  if (last === undefined) throw new Error('no core is allowed')
  return { system: [last], load: allowed.length > 1 ? allowed.slice(0, -1) : [last] }
}

/** The cores that this process may use. */
export function allowedCores(): number[] {
  const line = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))
  return parseCoreList(line?.[1] ?? '0')
}

/** `0-2,5` as numbers. */
export function parseCoreList(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [from = Number.NaN, to = from] = part.split('-').map(Number)
    return Array.from({ length: to - from + 1 }, (_, n) => from + n)
  })
}

/** What to write before a command so that it runs on these cores only. */
export function pinnedTo(cores: readonly number[]): string[] {
  return ['taskset', '-c', cores.join(',')]
}
