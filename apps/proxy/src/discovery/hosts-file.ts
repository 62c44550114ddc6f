import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'

/**
 * The addresses that a hosts file (hosts(5)) gives a name, in its order; empty when it does not know the name.
 *
 * @param name in lower case, without a dot at its end
 */
export function hostsEntries(text: string, name: string): readonly string[] {
  const found = new Set<string>()
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*$/, '').trim().split(/\s+/)
    if (isIP(address) !== 0 && names.some((one) => one.toLowerCase() === name)) found.add(address)
  }
  return [...found]
}

/** The text of a hosts file; empty when there is none. */
export async function readHosts(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    return '' // a system without the file resolves names by other means
  }
}
