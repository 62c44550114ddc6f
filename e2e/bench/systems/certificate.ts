import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findProgram } from '../machine/programs.ts'

/** A certificate for 127.0.0.1 and its key, signed by itself. */
export interface Certificate {
  readonly certFile: string
  readonly keyFile: string
  /** Contents of the two files. */
  readonly cert: string
  readonly key: string
}

/** Makes one with an ECDSA key on P-256 in `folder`; undefined when openssl is not installed. */
export async function makeCertificate(folder: string): Promise<Certificate | undefined> {
  const openssl = findProgram('openssl')
  if (openssl === undefined) return undefined
  const certFile = join(folder, 'cert.pem')
  const keyFile = join(folder, 'key.pem')
  await promisify(execFile)(openssl, [
    ...['req', '-x509', '-nodes', '-days', '2', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'],
    ...['-keyout', keyFile, '-out', certFile],
  ])
  return { certFile, keyFile, cert: await readFile(certFile, 'utf8'), key: await readFile(keyFile, 'utf8') }
}
