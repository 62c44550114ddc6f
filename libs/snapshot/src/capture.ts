import { hasErrors, type Problem, type Secret, type SnapshotConfig, sortProblems } from '@vrata/model'
import { type CompiledSnapshot, type CompileOptions, compileSteps } from './compile.ts'
import { hashSteps } from './hash.ts'
import { byId, type SnapshotKind, type StoredEntity } from './kinds.ts'
import type { SecretPointer } from './secrets/pointers.ts'
import { type SecretPorts, SecretResolver } from './secrets/resolve.ts'
import { atOnce, inSlices, type Slicing, type Steps } from './slices.ts'

/** What is captured: all staged entities and all secrets, from one consistent read. */
export interface Staged {
  readonly config: SnapshotConfig
  readonly secrets: readonly Pick<Secret, 'id' | 'name' | 'value'>[]
}

/** The outcome of a capture. Without errors it holds everything that is stored. */
export type Capture =
  | {
      readonly ok: true
      /** The five lists with secrets filled in, each sorted by id. */
      readonly config: SnapshotConfig
      readonly hash: string
      /** What proxies will make of it. */
      readonly compiled: CompiledSnapshot
      readonly secretPointers: readonly SecretPointer[]
      /** Ids of the stored secrets that were used, with the fingerprint of the value they had. */
      readonly usedSecrets: ReadonlyMap<string, string>
      /** Warnings. */
      readonly problems: readonly Problem[]
    }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/**
 * Makes a snapshot of what is staged: fills secrets in, compiles the result as a proxy will, hashes it. Any error
 * refuses all of it; the problems say everything that is wrong at once, and never a secret's value.
 */
export function capture(staged: Staged, ports: SecretPorts, options: Pick<CompileOptions, 'nowMs'> = {}): Capture {
  return atOnce(captureSteps(staged, ports, options))
}

/** {@link capture} for a process that answers requests meanwhile. The staged entities must not change until it ends. */
export function captureInSlices(
  staged: Staged,
  ports: SecretPorts,
  options: Pick<CompileOptions, 'nowMs'> & Slicing,
): Promise<Capture> {
  return inSlices(captureSteps(staged, ports, options), options)
}

function* captureSteps(staged: Staged, ports: SecretPorts, options: Pick<CompileOptions, 'nowMs'>): Steps<Capture> {
  const resolver = new SecretResolver(staged.secrets, ports)
  const config = yield* fill(staged.config, resolver)
  const { pointers, confidential } = resolver
  // An unresolved string is incomplete; what the schema says about it would only confuse.
  const unresolved = new Set(resolver.problems.map(place))
  const compilation = yield* compileSteps(config, { ...options, secretPointers: pointers, confidential })
  const { compiled, problems: found } = compilation
  const others = found.filter((problem) => !unresolved.has(place(problem)))
  const problems = sortProblems([...resolver.problems, ...others])
  if (hasErrors(problems) || compiled === undefined) return { ok: false, problems }
  const hash = yield* hashSteps(config, pointers)
  return { ok: true, config, hash, compiled, secretPointers: pointers, usedSecrets: resolver.used, problems }
}

function* fill(staged: SnapshotConfig, resolver: SecretResolver): Steps<SnapshotConfig> {
  function* list<E extends StoredEntity>(kind: SnapshotKind, entities: readonly E[]): Steps<E[]> {
    const filled: E[] = []
    for (const entity of [...entities].sort(byId)) {
      filled.push(resolver.resolve(kind, entity))
      yield
    }
    return filled
  }
  return {
    listeners: yield* list('listener', staged.listeners),
    destinations: yield* list('destination', staged.destinations),
    routes: yield* list('route', staged.routes),
    groups: yield* list('group', staged.groups),
    middlewares: yield* list('middleware', staged.middlewares),
  }
}

function place({ entity, pointer }: Problem): string {
  return `${entity.kind}/${entity.id}${pointer}`
}
