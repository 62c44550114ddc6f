import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort, type Scope, temporaryFolder } from '@vrata/testkit'
import { type RunningServer, startServer } from './server-program.ts'

/** Starts one process of nginx. `http` gives what the block of this name holds, with a server on the port given. */
export async function startNginx(
  scope: Scope,
  program: string,
  http: (port: number, folder: string) => string,
): Promise<RunningServer> {
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
      ${http(port, folder)}
    }`,
  )
  return startServer(scope, 'nginx', [program, '-c', config, '-p', folder], folder, port)
}
