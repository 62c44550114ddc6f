import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort, type Scope } from '@vrata/testkit'
import { startNginx } from '../../servers/nginx.ts'
import { type ObservedBackend, parseSeen } from './observed.ts'

/**
 * nginx in its usual place: a reverse proxy that reads a whole request before it passes it on, here to a second server
 * of its own. Header lines that it does not like reach that one too.
 */
export async function startNginxBackend(scope: Scope, program: string): Promise<ObservedBackend> {
  const behind = await freePort()
  const { address, folder } = await startNginx(
    scope,
    program,
    (port, own) => `
      log_format seen '$status $request_method $request_uri';
      keepalive_requests 100000;
      ignore_invalid_headers off;
      underscores_in_headers on;
      merge_slashes off;
      upstream behind { server 127.0.0.1:${behind}; keepalive 4; }
      server {
        listen 127.0.0.1:${port};
        access_log ${join(own, 'access.log')} seen;
        add_header X-Echo "$request_method $request_uri from=$http_x_client";
        location / {
          proxy_http_version 1.1;
          proxy_set_header Connection "";
          proxy_pass http://behind;
        }
      }
      server {
        listen 127.0.0.1:${behind};
        access_log off;
        location / { return 200 ok; }
      }`,
  )
  const log = join(folder, 'access.log')
  return { address, seen: async () => parseSeen((await readFile(log, 'utf8')).split('\n')) }
}
