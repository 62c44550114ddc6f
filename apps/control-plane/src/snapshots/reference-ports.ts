import { createHmac, randomBytes } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync } from 'node:fs'
import { matchesGlob, sep } from 'node:path'
import type { SecretPorts } from '@vrata/snapshot'
import type { Store } from '../store/store.ts'

/** Files that references read are at most this large. */
const mostFileBytes = 1024 * 1024
const fingerprintKeyName = 'meta/fingerprint-key'

/** What references in entities may read of the machine that the control plane runs on. */
export interface ReferenceRules {
  /** Globs of variable names; empty = all. */
  readonly env: readonly string[]
  /** Absolute directories; empty = all. */
  readonly directories: readonly string[]
  /** Variables that feed the program's own keys and passwords: never. */
  readonly sensitiveVariables: ReadonlySet<string>
  /** The directory of the store: never. */
  readonly storePath: string
}

/**
 * Reads variables and files for captures, within the rules. Whoever may write an entity can make the control plane read
 * what these let through, so that what protects the control plane itself is always refused.
 */
export function referencePorts(
  rules: ReferenceRules,
  env: Readonly<Record<string, string | undefined>>,
): Pick<SecretPorts, 'env' | 'file'> {
  return {
    env(name) {
      if (rules.sensitiveVariables.has(name)) return { error: 'is not readable: it configures the control plane' }
      if (rules.env.length > 0 && !rules.env.some((glob) => matchesGlob(name, glob))) return { error: 'is not allowed' }
      const value = Object.hasOwn(env, name) ? env[name] : undefined
      return value ? { value } : { error: 'is not set' }
    },
    file: (path) => readAllowed(path, rules),
  }
}

/**
 * The keyed hash by which equal and changed secrets are told apart. The key is made once and stays in the store: without
 * it nobody can try out weak secrets.
 */
export async function fingerprints(store: Store): Promise<SecretPorts['fingerprint']> {
  for (;;) {
    const key = (await store.get(fingerprintKeyName))?.value
    if (key) return (value) => createHmac('sha256', key).update(value).digest('hex')
    // Whoever loses this race reads the key of the other.
    await store.commit(
      [{ put: fingerprintKeyName, value: randomBytes(32) }],
      [{ key: fingerprintKeyName, version: 0n }],
    )
  }
}

function readAllowed(path: string, rules: ReferenceRules): ReturnType<SecretPorts['file']> {
  try {
    // Links are followed first: what is judged is what is read.
    const real = realpathSync(path)
    if (isInside(real, realpathSync(rules.storePath))) return { error: 'is not readable: it belongs to the store' }
    if (rules.directories.length > 0 && !rules.directories.some((directory) => isInside(real, resolved(directory)))) {
      return { error: 'is not in an allowed directory' }
    }
    return readRegular(real)
  } catch (thrown) {
    return { error: reason(thrown) }
  }
}

function readRegular(path: string): ReturnType<SecretPorts['file']> {
  // Not to wait for the writer of a pipe, nor to follow a link that was put there since.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
  try {
    const stat = fstatSync(file)
    if (!stat.isFile()) return { error: 'is not a regular file' }
    if (stat.size > mostFileBytes) return { error: 'is larger than 1 MiB' }
    const bytes = readFileSync(file)
    if (bytes.byteLength > mostFileBytes) return { error: 'is larger than 1 MiB' }
    return { value: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) }
  } finally {
    closeSync(file)
  }
}

function isInside(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep)
}

function resolved(directory: string): string {
  try {
    return realpathSync(directory)
  } catch {
    return directory // it does not exist, so that nothing lies in it
  }
}

/** What went wrong, without more of the machine than the author of the reference wrote. */
function reason(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'does not exist'
  if (code === 'EACCES' || code === 'EPERM') return 'is not readable by the control plane'
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'is not UTF-8 text'
  return `cannot be read${typeof code === 'string' ? ` (${code})` : ''}`
}
