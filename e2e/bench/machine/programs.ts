import { execFileSync } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { repositoryRoot } from '@vrata/testkit'

/** Where distributions put servers; often not in the search path of users. */
const serverFolders = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/** Full path of an installed program, by its name or a full path; undefined when there is none. */
export function findProgram(name: string): string | undefined {
  if (name.startsWith('/')) return isExecutable(name) ? name : undefined
  return [...(process.env['PATH'] ?? '').split(delimiter), ...serverFolders]
    .filter(Boolean)
    .map((folder) => join(folder, name))
    .find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false // not there
  }
}

/**
 * First version number that a program tells of itself; undefined when it is not installed or tells none. Some write it
 * to stderr, some end with an error after it.
 */
export function programVersion(name: string, argument: string): string | undefined {
  const path = findProgram(name)
  if (path === undefined) return undefined
  return firstVersion(said(path, argument))
}

/** The first `1.2` or `1.2.3` in a text. */
export function firstVersion(text: string): string | undefined {
  return /\d+(?:\.\d+)+/.exec(text)?.[0]
}

function said(path: string, argument: string): string {
  try {
    return execFileSync('sh', ['-c', '"$0" "$1" 2>&1 || true', path, argument], { encoding: 'utf8', timeout: 5_000 })
  } catch {
    return '' // it hangs: then its version is not known
  }
}

/** Version of a package in node_modules. */
export function packageVersion(name: string): string | undefined {
  const text = readFileSync(join(repositoryRoot, 'node_modules', name, 'package.json'), 'utf8')
  return /"version":\s*"([^"]+)"/.exec(text)?.[1]
}

/** Version of this checkout, with the commit it stands on where git can tell, and whether it has changes. */
export function vrataVersion(): string {
  const manifest = readFileSync(join(repositoryRoot, 'package.json'), 'utf8')
  const version = /"version":\s*"([^"]+)"/.exec(manifest)?.[1] ?? ''
  try {
    const git = ['-C', repositoryRoot, 'describe', '--always', '--dirty', '--exclude', '*']
    return `${version} (${execFileSync('git', git, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()})`
  } catch {
    return version // no git, or not a clone
  }
}
