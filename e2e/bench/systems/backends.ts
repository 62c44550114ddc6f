import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort, type Scope } from '@vrata/testkit'
import { findProgram } from '../machine/programs.ts'
import type { Certificate } from './certificate.ts'
import { nginxConfig, nginxFolders } from './nginx.ts'
import { serve } from './serve.ts'

/** What all systems forward to: the same processes for everybody. */
export interface Backends {
  /** HTTP/1.1 in clear text: 1 KB on every path, 100 KB on `/100k`. */
  readonly http: number
  /** The same in TLS, with HTTP/2 for those who ask; only load that goes past the systems comes here. */
  readonly tls: number
  /** WebSockets that get their messages back. */
  readonly echo: number
}

/** A path of the backend with a large answer. */
export const largePath = '/100k'

/** Starts the backends on these cores; throws when nginx, which is one of them, is not installed. */
export async function startBackends(
  scope: Scope,
  cores: readonly number[],
  folder: string,
  certificate: Certificate | undefined,
): Promise<Backends> {
  const nginx = findProgram('nginx')
  if (nginx === undefined) throw new Error('nginx is not installed; it is the backend of every measurement')
  const ports = { http: await freePort(), tls: await freePort(), echo: await freePort() }
  const files = await nginxFolders(join(folder, 'backend'))
  await mkdir(join(files, 'files'))
  await writeFile(join(files, 'files', largePath), 'x'.repeat(100 * 1024))
  const config = join(files, 'nginx.conf')
  await writeFile(config, nginxConfig(files, backendServer(ports, files, certificate)))
  await serve(scope, { name: 'backend', command: [nginx, '-c', config, '-p', files], port: ports.http, cores, folder })
  const echo = fileURLToPath(new URL('../load/echo-backend.ts', import.meta.url))
  const command = [process.execPath, echo, JSON.stringify({ port: ports.echo })]
  await serve(scope, { name: 'echo backend', command, port: ports.echo, cores, folder })
  return ports
}

function backendServer(ports: Omit<Backends, 'echo'>, files: string, certificate: Certificate | undefined): string {
  const tls = `listen 127.0.0.1:${ports.tls} ssl http2;
      ssl_certificate ${certificate?.certFile};
      ssl_certificate_key ${certificate?.keyFile};`
  return `
    server {
      listen 127.0.0.1:${ports.http} backlog=4096;
      ${certificate === undefined ? '' : tls}
      default_type text/plain;
      root ${join(files, 'files')};
      location / { return 200 "${'x'.repeat(1024)}"; }
      location = ${largePath} { sendfile on; tcp_nopush on; open_file_cache max=10; open_file_cache_valid 1h; }
    }`
}
