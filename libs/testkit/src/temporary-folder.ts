import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { own, type Scope } from './scope.ts'

/** An empty folder of its own, gone with everything in it when the scope ends. */
export async function temporaryFolder(scope: Scope): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vrata-test-'))
  own(scope, () => rm(folder, { recursive: true, force: true, maxRetries: 3 }))
  return folder
}
