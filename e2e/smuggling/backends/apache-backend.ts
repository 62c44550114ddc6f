import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Scope, temporaryFolder } from '@vrata/testkit'
import { startApache } from '../../servers/apache.ts'
import { type ObservedBackend, parseSeen } from './observed.ts'

/** apache that reads HTTP as leniently as it once did, and serves one file whatever is asked for. */
export async function startApacheBackend(scope: Scope, program: string): Promise<ObservedBackend> {
  const files = await temporaryFolder(scope)
  await chmod(files, 0o755) // apache reads it as nobody
  const answer = join(files, 'answer.txt')
  await writeFile(answer, 'ok')
  const { address, folder } = await startApache(
    scope,
    program,
    ['alias', 'headers'],
    (own) => `HttpProtocolOptions Unsafe LenientMethods Allow0.9
LogFormat "%>s %r" seen
CustomLog ${join(own, 'access.log')} seen
AliasMatch "^" "${answer}"
Header always set X-Echo "expr=%{REQUEST_METHOD} %{REQUEST_URI} from=%{HTTP:X-Client}"`,
  )
  const log = join(folder, 'access.log')
  return { address, seen: async () => parseSeen((await readFile(log, 'utf8')).split('\n')) }
}
