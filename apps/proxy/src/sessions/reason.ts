import { codeOf } from '../failure/to-failure.ts'

/**
 * A few words for the log on why the session store cannot be used: the code of the platform, or the word with which
 * Redis begins an error (`WRONGPASS`, `NOAUTH`, `LOADING`), or a plain `ERR` with its text. Neither holds an address or a
 * password.
 */
export function reasonOf(thrown: unknown): string {
  const code = codeOf(thrown)
  if (code !== '') return code
  if (!(thrown instanceof Error)) return 'unknown'
  const [word] = /^[A-Z]{3,}\b/.exec(thrown.message) ?? []
  return word === undefined || word === 'ERR' ? thrown.message.slice(0, 100) : word
}
