import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** How many connections on a local port a process has accepted and not let go. */
export function acceptedConnections(pid: number, port: number): number {
  const accepted = new Set<string>()
  for (const line of readFileSync('/proc/net/tcp', 'latin1').split('\n').slice(1)) {
    const [, local = '', , state = '', , , , , , inode = ''] = line.trim().split(/\s+/)
    if (portOf(local) === port && state !== listening && inode !== '0') accepted.add(`socket:[${inode}]`)
  }
  return openFiles(pid).filter((file) => accepted.has(file)).length
}

/** State of a listening socket in /proc/net/tcp. */
const listening = '0A'

/** What a process has open, as the links in /proc tell. */
export function openFiles(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)]
    } catch {
      return [] // closed since the folder was read
    }
  })
}

function portOf(address: string): number {
  return Number.parseInt(address.slice(address.indexOf(':') + 1), 16)
}
