import type { Problem, Secret } from '@vrata/model'
import { nearest } from '@vrata/notation'
import { type Member, refOf } from '../kinds.ts'
import { mayHoldReference, type Piece, parseSecretText } from './grammar.ts'
import type { SecretPointer } from './pointers.ts'
import { mapStrings } from './strings.ts'

/** A value, or the end of a sentence that says why there is none (`is not set`). Never holds a value. */
export type SecretLookup = { readonly value: string } | { readonly error: string }

/** What capture cannot know by itself. The implementations apply the allow lists. */
export interface SecretPorts {
  /** An environment variable of the process; the error completes `env var "N" …`. */
  env(name: string): SecretLookup
  /** The whole text of a file; the error completes `file "P": …`. */
  file(path: string): SecretLookup
  /** A keyed hash, hexadecimal, at least 12 digits; the key must not be known to readers of snapshots. */
  fingerprint(value: string): string
}

type SecretEntity = Pick<Secret, 'id' | 'name' | 'value'>

/**
 * Fills secrets into entities and remembers what it did: one for each capture, so that a file or a variable is read
 * once and every entity sees the same value.
 */
export class SecretResolver {
  readonly problems: Problem[] = []
  readonly pointers: SecretPointer[] = []
  /** Stored secrets that were used, with the fingerprint of the value they had. */
  readonly used = new Map<string, string>()
  /** Everything that must not be told: values that were filled in, and the strings that came of them. */
  readonly confidential = new Set<string>()
  readonly #ports: SecretPorts
  readonly #byId: ReadonlyMap<string, SecretEntity>
  readonly #byName: ReadonlyMap<string, readonly SecretEntity[]>
  readonly #found = new Map<string, Found>()

  constructor(secrets: readonly SecretEntity[], ports: SecretPorts) {
    this.#ports = ports
    this.#byId = new Map(secrets.map((secret) => [secret.id, secret]))
    this.#byName = Map.groupBy(secrets, (secret) => secret.name)
  }

  /** The entity with its references replaced; itself when it has none. Failures go to {@link problems}. */
  resolve<E extends Member['entity']>(kind: Member['kind'], entity: E): E {
    const fail = (place: string, failure: Failure) => {
      const { code = 'secret.unresolved', ...others } = failure
      this.problems.push({ entity: refOf(kind, entity), pointer: place, severity: 'error', code, ...others })
    }
    return mapStrings(entity, {
      value: (text, place) => {
        if (!mayHoldReference(text)) return text
        const result = this.#fill(parseSecretText(text), (failure) => fail(place(), failure))
        if (result.secret) {
          this.confidential.add(result.text)
          this.pointers.push({
            kind,
            id: entity.id,
            pointer: place(),
            fingerprint: this.#ports.fingerprint(result.text),
          })
        }
        return result.text
      },
      name: (text, place) => {
        if (!mayHoldReference(text)) return
        fail(place(), { message: 'secret references are not filled into keys, ids, names and labels' })
      },
    })
  }

  #fill(pieces: readonly Piece[], fail: (failure: Failure) => void): { text: string; secret: boolean } {
    let text = ''
    let secret = false
    for (const piece of pieces) {
      if (piece.kind === 'text') text += piece.text
      else if (piece.kind === 'malformed') fail(withSuggestion(piece.message, piece.suggestion))
      else {
        const found = this.#find(piece.source, piece.ref)
        if ('failure' in found) fail(found.failure)
        else {
          text += found.value
          this.confidential.add(found.value)
        }
        secret = true
      }
    }
    return { text, secret }
  }

  #find(source: string, ref: string): Found {
    const key = `${source}:${ref}`
    const known = this.#found.get(key)
    if (known) return known
    const found = source === 'value' ? this.#stored(ref) : this.#outside(source, ref)
    this.#found.set(key, found)
    return found
  }

  #outside(source: string, ref: string): Found {
    const lookup = source === 'env' ? this.#ports.env(ref) : this.#ports.file(ref)
    if ('value' in lookup) return lookup
    const title = source === 'env' ? `env var ${JSON.stringify(ref)} ` : `file ${JSON.stringify(ref)}: `
    return { failure: { message: title + lookup.error } }
  }

  /** By id, else by name when exactly one secret has it. */
  #stored(ref: string): Found {
    const named = this.#byName.get(ref) ?? []
    const secret = this.#byId.get(ref) ?? (named.length === 1 ? named[0] : undefined)
    if (secret !== undefined) {
      this.used.set(secret.id, this.#ports.fingerprint(secret.value))
      return { value: secret.value }
    }
    const title = `secret ${JSON.stringify(ref)}: `
    if (named.length > 1) {
      const ids = named.map((one) => one.id).sort()
      return {
        failure: {
          message: `${title}${ids.length} secrets have this name (${ids.join(', ')})`,
          code: 'secret.ambiguous',
        },
      }
    }
    const candidates = [...this.#byId.keys(), ...this.#byName.keys()].filter((word) => word !== '')
    return { failure: withSuggestion(`${title}does not exist`, nearest(ref, candidates)) }
  }
}

interface Failure {
  readonly message: string
  readonly suggestion?: string
  readonly code?: string
}

type Found = { readonly value: string } | { readonly failure: Failure }

function withSuggestion(message: string, suggestion: string | undefined): Failure {
  return suggestion === undefined ? { message } : { message, suggestion }
}

/**
 * The sentence that answers a capture whose references cannot be resolved: a fixed beginning and one indented line for
 * each failure, for those who read text and not the problems. Undefined when none of the problems is about secrets.
 */
export function secretErrorText(problems: readonly Problem[]): string | undefined {
  const lines = problems
    .filter((problem) => problem.code?.startsWith('secret.'))
    .map((problem) => `\n  ${problem.message}`)
  if (lines.length === 0) return undefined
  return `resolving secrets: unresolved secret references:${[...new Set(lines)].join('')}`
}
