import { readFileSync } from 'node:fs'

/**
 * The PEM text behind a configuration value: the value itself when it begins with `-----BEGIN` (white space around
 * it aside), else the content of the file it names, read now.
 *
 * @param key the configuration key, for the message
 * @throws Error when the file cannot be read; the message names the key and the path, never any content
 */
export function readMaterial(value: string, key: string): string {
  if (value.trim().startsWith('-----BEGIN')) return value
  try {
    return readFileSync(value, 'utf8')
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unreadable'
    throw new Error(`${key}: cannot read ${value} (${code})`, { cause: thrown })
  }
}
