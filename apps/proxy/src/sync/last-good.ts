import { createHash } from 'node:crypto'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { SnapshotDocument } from '@vrata/model'
import type { Logger } from '@vrata/service'
import { verifyDocument } from '@vrata/snapshot'
import { codeOf } from '../failure/to-failure.ts'

const fileName = 'last-good'
const formatName = 'vrata-last-good-1'

/**
 * The last snapshot that worked, on disk, so that a proxy serves without a control plane. The file holds secrets and is
 * readable by its owner alone. Its first line carries a digest of the rest: a torn or damaged file is noticed.
 */
export class LastGood {
  readonly #folder: string
  readonly #log: Logger
  #warned = false

  constructor(folder: string, log: Logger) {
    this.#folder = folder
    this.#log = log
  }

  /** The stored document; undefined, after a warning, when the file is damaged, and when there is none. */
  async load(): Promise<SnapshotDocument | undefined> {
    const path = join(this.#folder, fileName)
    let bytes: Buffer
    try {
      bytes = await readFile(path)
    } catch (thrown) {
      if (codeOf(thrown) !== 'ENOENT') this.#log.warn({ path, error: codeOf(thrown) }, 'last good snapshot unreadable')
      return undefined
    }
    const verdict = read(bytes)
    if (typeof verdict !== 'string') return verdict
    this.#log.warn({ path, reason: verdict }, 'last good snapshot damaged')
    return undefined
  }

  /** Replaces the stored document by this text. Whatever goes wrong is one warning: serving does not depend on it. */
  async save(text: string): Promise<void> {
    const path = join(this.#folder, fileName)
    const body = Buffer.from(text, 'utf8')
    try {
      await mkdir(this.#folder, { recursive: true })
      await writeWhole(`${path}.new`, Buffer.concat([Buffer.from(`${formatName} ${digest(body)}\n`), body]))
      await rename(`${path}.new`, path)
      await syncFolder(this.#folder)
      this.#warned = false
    } catch (thrown) {
      if (!this.#warned) this.#log.warn({ path, error: codeOf(thrown) }, 'last good snapshot cannot be kept')
      this.#warned = true
    }
  }
}

function read(bytes: Buffer): SnapshotDocument | string {
  const lineEnd = bytes.indexOf('\n')
  const [format, expected] = bytes.toString('latin1', 0, Math.max(0, Math.min(lineEnd, 200))).split(' ')
  if (format !== formatName) return 'the file is none of ours'
  const body = bytes.subarray(lineEnd + 1)
  if (digest(body) !== expected) return 'the digest does not match'
  const verified = verifyDocument(body.toString('utf8'))
  return verified.ok ? verified.document : verified.message
}

function digest(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

async function writeWhole(path: string, bytes: Buffer): Promise<void> {
  await using file = await open(path, 'w', 0o600)
  await file.chmod(0o600) // the file may be left over from a run with another umask
  await file.writeFile(bytes)
  await file.sync()
}

/** Without it the new name may be lost by a power cut although the bytes are safe. */
async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r')
  await folder.sync()
}
