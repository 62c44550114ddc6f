import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort, type Scope, temporaryFolder } from '@vrata/testkit'
import { type RunningServer, startServer } from './server-program.ts'

/** Where Debian keeps what apache loads. */
const folderOfModules = '/usr/lib/apache2/modules'

/**
 * More than any test opens connections at once: when all its threads are busy, apache closes kept-alive connections,
 * and whoever sends on one of them in that moment gets no answer.
 */
const threads = 256

/**
 * Starts one process of apache with these modules, for example `alias`, beside those that it cannot do without.
 * `directives` gives what it is to do with what comes.
 */
export async function startApache(
  scope: Scope,
  program: string,
  modules: readonly string[],
  directives: (folder: string) => string,
): Promise<RunningServer> {
  const folder = await temporaryFolder(scope)
  const port = await freePort()
  const config = join(folder, 'apache.conf')
  const loaded = ['mpm_event', 'authz_core', ...modules]
  await chmod(folder, 0o755) // started by root, it reads files as nobody
  await writeFile(
    config,
    `ServerRoot ${folder}
ServerName gateway.test
PidFile ${join(folder, 'apache.pid')}
DefaultRuntimeDir ${folder}
Listen 127.0.0.1:${port}
${loaded.map((name) => `LoadModule ${name}_module ${folderOfModules}/mod_${name}.so`).join('\n')}
User #65534
Group #65534
ServerLimit 1
ThreadLimit ${threads}
ThreadsPerChild ${threads}
MaxRequestWorkers ${threads}
KeepAlive On
KeepAliveTimeout 60
MaxKeepAliveRequests 0
ErrorLog ${join(folder, 'error.log')}
LogLevel crit
${directives(folder)}
`,
  )
  return startServer(scope, 'apache', [program, '-X', '-f', config], folder, port)
}
