import { z } from 'zod'
import { type Finding, report } from './formats/text.ts'

/**
 * A check on which members an object has. Unlike other checks it also runs when members are wrong in themselves, so that
 * one answer lists everything; for the same reason it sees only the names of the members, never their values.
 */
export function presence(
  check: (has: (member: string) => boolean, found: (member: string | undefined, finding: Finding) => void) => void,
) {
  return z.core._check<Record<string, unknown>>(
    (context) => {
      const value: unknown = context.value
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return
      check(
        (member) => Object.hasOwn(value, member) && Reflect.get(value, member) !== undefined,
        (member, finding) => report(context, member === undefined ? [] : [member], finding),
      )
    },
    { when: () => true },
  )
}

/** At most one of the members may be given; the problem points at each one after the first. */
export function atMostOne(members: readonly string[]) {
  return presence((has, found) => {
    const [first, ...others] = members.filter(has)
    for (const other of others)
      found(other, { message: `${first} and ${other} exclude each other`, code: 'exclusive.fields' })
  })
}

/** Exactly one of the members must be given; the problem points at the object. */
export function exactlyOne(members: readonly string[], message: string) {
  return presence((has, found) => {
    if (members.filter(has).length !== 1) found(undefined, { message, code: 'exclusive.fields' })
  })
}
