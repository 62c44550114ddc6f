import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort, type Scope, temporaryFolder } from '@vrata/testkit'
import { type ObservedBackend, parseSeen } from './observed.ts'
import { startServer } from './server-program.ts'

/** Where Debian keeps what apache loads. */
const modules = '/usr/lib/apache2/modules'

/** apache that reads HTTP as leniently as it once did, and serves one file whatever is asked for. */
export async function startApacheBackend(scope: Scope, program: string): Promise<ObservedBackend> {
  const folder = await temporaryFolder(scope)
  const port = await freePort()
  const log = join(folder, 'access.log')
  const config = join(folder, 'apache.conf')
  const answer = join(folder, 'answer.txt')
  await chmod(folder, 0o755) // started by root, it reads files as nobody
  await writeFile(answer, 'ok')
  await writeFile(
    config,
    `ServerRoot ${folder}
ServerName gateway.test
PidFile ${join(folder, 'apache.pid')}
DefaultRuntimeDir ${folder}
Listen 127.0.0.1:${port}
LoadModule mpm_event_module ${modules}/mod_mpm_event.so
LoadModule authz_core_module ${modules}/mod_authz_core.so
LoadModule alias_module ${modules}/mod_alias.so
LoadModule headers_module ${modules}/mod_headers.so
User #65534
Group #65534
KeepAlive On
KeepAliveTimeout 60
MaxKeepAliveRequests 0
HttpProtocolOptions Unsafe LenientMethods Allow0.9
ErrorLog ${join(folder, 'error.log')}
LogLevel crit
LogFormat "%>s %r" seen
CustomLog ${log} seen
AliasMatch "^" "${answer}"
Header always set X-Echo "expr=%{REQUEST_METHOD} %{REQUEST_URI} from=%{HTTP:X-Client}"
`,
  )
  await startServer(scope, 'apache', [program, '-X', '-f', config], folder, port)
  return { address: `127.0.0.1:${port}`, seen: async () => parseSeen((await readFile(log, 'utf8')).split('\n')) }
}
