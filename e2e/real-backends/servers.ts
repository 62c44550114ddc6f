import type { Scope } from '@vrata/testkit'
import { startApache } from '../servers/apache.ts'
import { startHaproxy } from '../servers/haproxy.ts'
import { startNginx } from '../servers/nginx.ts'

/** A server of one kind in front of another one at `behind`. @returns its address */
export type StartServer = (scope: Scope, program: string, behind: string) => Promise<string>

/** nginx as a reverse proxy, streaming both ways. */
export const nginxBefore: StartServer = async (scope, program, behind) => {
  const { address } = await startNginx(
    scope,
    program,
    (port) => `
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
      }`,
  )
  return address
}

/** haproxy in HTTP mode. */
export const haproxyBefore: StartServer = async (scope, program, behind) =>
  (await startHaproxy(scope, program, behind)).address

/** apache as a reverse proxy. */
export const apacheBefore: StartServer = async (scope, program, behind) => {
  const modules = ['proxy', 'proxy_http']
  const { address } = await startApache(scope, program, modules, () => `ProxyPass / http://${behind}/`)
  return address
}
