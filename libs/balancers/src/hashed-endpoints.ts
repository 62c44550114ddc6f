import { type Hash64, murmur64 } from './murmur.ts'

/** An endpoint of a list with what its places are computed from. */
export interface HashedEndpoint {
  /** Its position in the list. */
  readonly index: number
  readonly hash: Hash64
}

/**
 * Hashes the endpoints of a list and orders them by their ids, so that what is built from them does not depend on the
 * order in which a configuration or a name server lists them. `salt` makes two lists of the same endpoints differ.
 */
export function hashedEndpoints(ids: readonly string[], salt: string): readonly HashedEndpoint[] {
  return ids
    .map((id, index) => ({ id, index, hash: murmur64(`${salt}\0${id}`) }))
    .sort((one, other) => (one.id < other.id ? -1 : Number(one.id > other.id)))
}
