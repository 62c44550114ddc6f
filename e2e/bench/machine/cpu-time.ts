import { readFileSync } from 'node:fs'

/** Length of the kernel's ticks in /proc: 1/100 s on every Linux that Node runs on. */
const ticksPerSecond = 100

/** Seconds that processes with these ids, and everything they started, have spent on cores. Ended ones count 0. */
export function processSeconds(pids: readonly number[]): number {
  return withDescendants(pids).reduce((sum, pid) => sum + (ticksOf(readProc(`${pid}/stat`)) ?? 0), 0) / ticksPerSecond
}

/** These processes and all that descend from them and still run. */
export function withDescendants(pids: readonly number[]): number[] {
  return pids.flatMap((pid) => {
    const children = readProc(`${pid}/task/${pid}/children`) ?? ''
    return [pid, ...withDescendants(children.split(' ').filter(Boolean).map(Number))]
  })
}

/** Bytes of memory that these processes and their descendants hold now (resident set). */
export function residentBytes(pids: readonly number[]): number {
  return withDescendants(pids).reduce((sum, pid) => {
    const kilobytes = /^VmRSS:\s*(\d+) kB$/m.exec(readProc(`${pid}/status`) ?? '')?.[1]
    return sum + Number(kilobytes ?? 0) * 1024
  }, 0)
}

/** Time of some cores so far, in seconds. */
export interface CoreSeconds {
  /** Everything but idling, with the time that the hypervisor gave to others. */
  readonly busy: number
  /** The part of `busy` that the kernel spent on interrupts: packets on their way through it. */
  readonly interrupts: number
}

/** What these cores have done since the machine was started. */
export function coreSeconds(cores: readonly number[]): CoreSeconds {
  return parseCoreSeconds(readFileSync('/proc/stat', 'utf8'), cores)
}

/** Reads the text of /proc/stat. */
export function parseCoreSeconds(text: string, cores: readonly number[]): CoreSeconds {
  let busy = 0
  let interrupts = 0
  for (const core of cores) {
    const line = new RegExp(`^cpu${core} (.*)$`, 'm').exec(text)?.[1] ?? ''
    const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0, steal = 0] = line.trim().split(/\s+/).map(Number)
    busy += user + nice + system + irq + softIrq + steal
    interrupts += irq + softIrq
  }
  return { busy: busy / ticksPerSecond, interrupts: interrupts / ticksPerSecond }
}

/** User and system time in the text of /proc/PID/stat, whose second field may hold blanks and brackets. */
export function ticksOf(stat: string | undefined): number | undefined {
  if (stat === undefined) return undefined
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, 'utf8')
  } catch {
    return undefined // it has ended
  }
}
