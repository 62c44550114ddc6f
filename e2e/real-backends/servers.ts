import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort, type Scope, temporaryFolder } from '@vrata/testkit'
import { startServer } from '../smuggling/backends/server-program.ts'

/** A server of one kind in front of another one at `behind`. @returns its address */
export type StartServer = (scope: Scope, program: string, behind: string) => Promise<string>

/** nginx as a reverse proxy, streaming both ways. */
export const startNginx: StartServer = async (scope, program, behind) => {
  const folder = await temporaryFolder(scope)
  const port = await freePort()
  const config = join(folder, 'nginx.conf')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  await writeFile(
    config,
    `daemon off;
    master_process off;
    pid ${join(folder, 'nginx.pid')};
    error_log ${join(folder, 'error.log')} crit;
    events {}
    http {
      ${temporary.map((kind) => `${kind}_temp_path ${join(folder, kind)};`).join('\n')}
      access_log off;
      client_max_body_size 0;
      server {
        listen 127.0.0.1:${port};
        location / {
          proxy_http_version 1.1;
          proxy_set_header Connection "";
          proxy_request_buffering off;
          proxy_pass http://${behind};
        }
      }
    }`,
  )
  await startServer(scope, 'nginx', [program, '-c', config, '-p', folder], folder, port)
  return `127.0.0.1:${port}`
}

/** haproxy in HTTP mode. */
export const startHaproxy: StartServer = async (scope, program, behind) => {
  const folder = await temporaryFolder(scope)
  const port = await freePort()
  const config = join(folder, 'haproxy.cfg')
  await writeFile(
    config,
    `global
  nbthread 1
defaults
  mode http
  timeout client 1m
  timeout connect 1m
  timeout server 1m
frontend front
  bind 127.0.0.1:${port}
  default_backend behind
backend behind
  server one ${behind}
`,
  )
  await startServer(scope, 'haproxy', [program, '-db', '-f', config], folder, port)
  return `127.0.0.1:${port}`
}

/** Where Debian keeps what apache loads. */
const modules = '/usr/lib/apache2/modules'

/** apache as a reverse proxy. */
export const startApache: StartServer = async (scope, program, behind) => {
  const folder = await temporaryFolder(scope)
  const port = await freePort()
  const config = join(folder, 'apache.conf')
  await chmod(folder, 0o755) // started by root, it reads files as nobody
  await writeFile(
    config,
    `ServerRoot ${folder}
ServerName gateway.test
PidFile ${join(folder, 'apache.pid')}
DefaultRuntimeDir ${folder}
Listen 127.0.0.1:${port}
LoadModule mpm_event_module ${modules}/mod_mpm_event.so
LoadModule authz_core_module ${modules}/mod_authz_core.so
LoadModule proxy_module ${modules}/mod_proxy.so
LoadModule proxy_http_module ${modules}/mod_proxy_http.so
User #65534
Group #65534
KeepAlive On
KeepAliveTimeout 60
MaxKeepAliveRequests 0
ErrorLog ${join(folder, 'error.log')}
LogLevel crit
ProxyPass / http://${behind}/
`,
  )
  await startServer(scope, 'apache', [program, '-X', '-f', config], folder, port)
  return `127.0.0.1:${port}`
}
