import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '@vrata/testkit'
import { findProgram, programVersion } from '../machine/programs.ts'
import { serve } from './serve.ts'
import { manyPrefix, manyRoutes, type Site, type System, tier, Unavailable } from './site.ts'

/** nginx with one worker that is the only process, so that its one process id is all there is to end. */
export const nginx: System = {
  name: 'nginx',
  version: () => programVersion('nginx', '-v'),
  async start(scope, site) {
    if (site.table === 'costly') throw new Unavailable('has no predicates to tell routes apart by')
    const program = findProgram('nginx') ?? ''
    const port = await freePort()
    const folder = await nginxFolders(site.folder)
    const config = join(folder, 'nginx.conf')
    await writeFile(config, nginxConfig(folder, frontServer(site, port)))
    return serve(scope, {
      name: 'nginx',
      command: [program, '-c', config, '-p', folder],
      port,
      cores: site.cores,
      folder,
    })
  },
}

/** Makes the folder with those that nginx wants for its files; resolves with its path. */
export async function nginxFolders(folder: string): Promise<string> {
  await mkdir(join(folder, 'temporary'), { recursive: true })
  return folder
}

/** A whole configuration file around one `server`. Nothing outside of `folder` is written to. */
export function nginxConfig(folder: string, server: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `daemon off;
  master_process off;
  worker_processes 1;
  pid ${join(folder, 'nginx.pid')};
  error_log stderr error;
  events { worker_connections 8192; }
  http {
    access_log off;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    ${temporary.map((kind) => `${kind}_temp_path ${join(folder, 'temporary', kind)};`).join('\n    ')}
    ${server}
  }
`
}

function frontServer(site: Site, port: number): string {
  const { certificate, front, webSockets } = site
  const tls = `
      ssl_certificate ${certificate?.certFile};
      ssl_certificate_key ${certificate?.keyFile};`
  const connection = webSockets ? '$connection_upgrade' : '""'
  return `
    map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
    upstream backend {
      server 127.0.0.1:${site.upstream};
      keepalive ${site.connections * 2};
      keepalive_requests 1000000000;
      keepalive_timeout 1h;
    }
    server {
      listen 127.0.0.1:${port} backlog=4096${front === 'http' ? '' : ' ssl'}${front === 'h2' ? ' http2' : ''};
      ${front === 'http' ? '' : tls}
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Connection ${connection};
      ${webSockets ? 'proxy_set_header Upgrade $http_upgrade;' : ''}
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      ${locations(site)}
    }`
}

function locations({ table }: Site): string {
  if (table === 'bare') return 'location / { proxy_pass http://backend; }'
  const variable = `$http_${tier.header.toLowerCase().replaceAll('-', '_')}`
  return Array.from(
    { length: manyRoutes },
    (_, n) =>
      `location ${manyPrefix(n)}/ { if (${variable} != "${tier.value}") { return 404; } proxy_pass http://backend; }`,
  ).join('\n      ')
}
