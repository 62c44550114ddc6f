import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort, type Scope, temporaryFolder } from '@vrata/testkit'
import { startNodeBackend } from './node-backend.ts'
import { type ObservedBackend, parseSeen } from './observed.ts'
import { startServer } from './server-program.ts'

/**
 * haproxy in front of a lenient node:http, with one connection to it for all clients; it passes on requests that it would
 * refuse by default. Tells what it saw itself, and what came to the server behind it in pieces.
 */
export async function startHaproxyBackend(scope: Scope, program: string): Promise<ObservedBackend> {
  const behind = await startNodeBackend(scope)
  const folder = await temporaryFolder(scope)
  const port = await freePort()
  const config = join(folder, 'haproxy.cfg')
  await writeFile(
    config,
    `global
  nbthread 1
  log stdout format raw local0
defaults
  mode http
  log global
  option dontlognull
  option accept-invalid-http-request
  http-reuse always
  timeout client 1m
  timeout connect 1m
  timeout server 1m
  timeout http-request 1m
frontend front
  bind 127.0.0.1:${port}
  log-format "seen %ST %HM %HU"
  default_backend behind
backend behind
  server one ${behind.address} maxconn 1
`,
  )
  const { logs } = await startServer(scope, 'haproxy', [program, '-db', '-f', config], folder, port)
  const marker = 'seen '
  return {
    address: `127.0.0.1:${port}`,
    async seen() {
      const own = logs.flatMap(({ msg }) => (msg.startsWith(marker) ? [msg.slice(marker.length)] : []))
      return [...parseSeen(own), ...(await behind.seen()).filter(({ status }) => status !== 200)]
    },
  }
}
