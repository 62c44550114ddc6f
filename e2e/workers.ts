import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { eventually, type ProxyProgram } from '@vrata/testkit'

/** Process ids of the workers that a proxy logged as started last, by their number. */
export function workerPids({ program }: ProxyProgram): ReadonlyMap<number, number> {
  const started = program.lifeLogs.filter(({ msg }) => msg === 'worker started')
  return new Map(started.map((line) => [Number(line['worker']), Number(line['pid'])]))
}

/** Whether a process is there; one that has ended and was not asked about yet counts as gone. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'))
  } catch {
    return false
  }
}

/** Waits until none of the processes is there. */
export async function allGone(pids: Iterable<number>): Promise<void> {
  const list = [...pids]
  await eventually(`the processes ${list.join(', ')} to be gone`, () => !list.some(isAlive))
}

/**
 * Which worker has accepted a connection to `port` on 127.0.0.1, by the port of the client's side. Connections that no
 * worker has accepted yet are not in it.
 */
export function acceptedBy(workers: ReadonlyMap<number, number>, port: number): ReadonlyMap<number, number> {
  const clientPorts = new Map<string, number>()
  for (const line of readFileSync('/proc/net/tcp', 'latin1').split('\n').slice(1)) {
    const [, local = '', remote = '', , , , , , , inode = ''] = line.trim().split(/\s+/)
    if (portOf(local) === port && inode !== '0') clientPorts.set(`socket:[${inode}]`, portOf(remote))
  }
  const owners = new Map<number, number>()
  for (const [worker, pid] of workers) {
    for (const fd of readdirSync(`/proc/${pid}/fd`)) {
      const clientPort = clientPorts.get(target(`/proc/${pid}/fd/${fd}`))
      if (clientPort !== undefined && clientPort !== 0) owners.set(clientPort, worker)
    }
  }
  return owners
}

function portOf(address: string): number {
  return Number.parseInt(address.slice(address.indexOf(':') + 1), 16)
}

function target(link: string): string {
  try {
    return readlinkSync(link)
  } catch {
    return '' // closed since the folder was read
  }
}
