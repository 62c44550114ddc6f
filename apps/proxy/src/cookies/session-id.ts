import { randomBytes } from 'node:crypto'

const shortest = 16
const longest = 64

/**
 * Whether a text can be the id of a client's session: 16 to 64 of `0-9 A-Z a-z _ -`. Ids become part of keys in the
 * session store, so what else a client sends is not taken.
 */
export function isSessionId(text: string): boolean {
  if (text.length < shortest || text.length > longest) return false
  for (let at = 0; at < text.length; at++) if (!isIdCode(text.charCodeAt(at))) return false
  return true
}

function isIdCode(code: number): boolean {
  return (
    (code >= 48 && code <= 57) ||
    (code >= 97 && code <= 122) ||
    (code >= 65 && code <= 90) ||
    code === 95 ||
    code === 45
  )
}

/** A new id that nobody can guess: 32 hexadecimal digits. */
export function newSessionId(): string {
  return randomBytes(16).toString('hex')
}
