import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Top folder of the repository. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** The parts of a package.json that the tools look at. */
export interface Manifest {
  readonly name: string
  readonly version?: string
  readonly scripts?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

/** One package of the workspace. */
export interface Package {
  /** Folder relative to the top, for example `libs/model`. */
  readonly folder: string
  readonly manifest: Manifest
}

/** All packages under `apps`, `libs` and `e2e` of the repository at `top`, by folder name. */
export function packages(top: string): Package[] {
  const folders = [
    ...['apps', 'libs'].flatMap((parent) => subfolders(join(top, parent)).map((name) => `${parent}/${name}`)),
    'e2e',
  ]
  return folders
    .filter((folder) => existsSync(join(top, folder, 'package.json')))
    .map((folder) => ({ folder, manifest: readManifest(join(top, folder, 'package.json')) }))
}

/** Reads one package.json; throws when it is missing or not JSON. */
export function readManifest(path: string): Manifest {
  return JSON.parse(readFileSync(path, 'utf8')) as Manifest
}

function subfolders(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
}
