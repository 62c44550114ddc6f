import type { Scope } from '@vrata/testkit'
import { startHaproxy } from '../../servers/haproxy.ts'
import { startNodeBackend } from './node-backend.ts'
import { type ObservedBackend, parseSeen } from './observed.ts'

/**
 * haproxy in front of a lenient node:http, with one connection to it for all clients; it passes on requests that it would
 * refuse by default. Tells what it saw itself, and what came to the server behind it in pieces.
 */
export async function startHaproxyBackend(scope: Scope, program: string): Promise<ObservedBackend> {
  const behind = await startNodeBackend(scope)
  const { address, program: running } = await startHaproxy(scope, program, behind.address, {
    global: 'log stdout format raw local0',
    defaults: `log global
  option dontlognull
  option accept-invalid-http-request
  http-reuse always
  timeout http-request 1m`,
    frontend: 'log-format "seen %ST %HM %HU"',
    server: 'maxconn 1',
  })
  const marker = 'seen '
  return {
    address,
    async seen() {
      const own = running.logs.flatMap(({ msg }) => (msg.startsWith(marker) ? [msg.slice(marker.length)] : []))
      return [...parseSeen(own), ...(await behind.seen()).filter(({ status }) => status !== 200)]
    },
  }
}
