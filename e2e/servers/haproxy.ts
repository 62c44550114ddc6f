import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort, type Scope, temporaryFolder } from '@vrata/testkit'
import { type RunningServer, startServer } from './server-program.ts'

/** What haproxy is told besides where it listens and what stands behind it: lines of the sections of these names. */
export interface HaproxySections {
  readonly global?: string
  readonly defaults?: string
  readonly frontend?: string
  /** Put behind the address of the server, for example `maxconn 1`. */
  readonly server?: string
}

/** Starts haproxy in HTTP mode, with one thread, in front of the server at `behind`. */
export async function startHaproxy(
  scope: Scope,
  program: string,
  behind: string,
  { global = '', defaults = '', frontend = '', server = '' }: HaproxySections = {},
): Promise<RunningServer> {
  const folder = await temporaryFolder(scope)
  const port = await freePort()
  const config = join(folder, 'haproxy.cfg')
  await writeFile(
    config,
    `global
  nbthread 1
  ${global}
defaults
  mode http
  timeout client 1m
  timeout connect 1m
  timeout server 1m
  ${defaults}
frontend front
  bind 127.0.0.1:${port}
  ${frontend}
  default_backend behind
backend behind
  server one ${behind} ${server}
`,
  )
  return startServer(scope, 'haproxy', [program, '-db', '-f', config], folder, port)
}
