import { type Regex, RegexError } from './regex.ts'

/** A replacement text, parsed: literal text and the numbers of the groups to insert (0 = the whole match). */
export interface Substitution {
  readonly source: string
  readonly parts: readonly (string | number)[]
}

const unclosed = `\${`
const reference = /\$(?:\$|\{([^}]*)\}|(\w+))|\\([0-9\\])/g

/**
 * Parses a replacement for matches of `regex`. Groups are written `$1`, `${1}`, `$name`, `${name}` or `\1` ... `\9`
 * (`$0` and `\0`: the whole match); `$name` takes as many letters, digits and `_` as follow. `$$` is one `$`, `\\` one
 * backslash; any other `$` or backslash stands for itself. Groups that did not take part give the empty text.
 * @throws {RegexError} when the pattern has no such group, or a `${` is not closed
 */
export function compileSubstitution(text: string, regex: Regex): Substitution {
  const parts: (string | number)[] = []
  let copied = 0
  const literal = (value: string) => {
    if (value !== '') parts.push(value)
  }
  for (const found of text.matchAll(reference)) {
    const [whole, braced, bare, numbered] = found
    literal(text.slice(copied, found.index))
    copied = found.index + whole.length
    const name = braced ?? bare ?? numbered
    if (name === undefined) literal('$')
    else if (name === '\\') literal('\\')
    else parts.push(groupOf(name, regex, text, found.index))
  }
  literal(text.slice(copied))
  if (parts.some((part) => typeof part === 'string' && part.includes(unclosed))) {
    throw new RegexError(`\`${unclosed}\` is not closed`, text, text.indexOf(unclosed))
  }
  return { source: text, parts }
}

function groupOf(name: string, regex: Regex, text: string, position: number): number {
  const group = /^\d+$/.test(name) ? Number(name) : regex.groupIndex(name)
  if (group !== undefined && group <= regex.groupCount) return group
  const leading = /^(\d+)[a-zA-Z_]/.exec(name)?.[1]
  const hint = leading ? `; write \${${leading}} to end the number there` : ''
  const has = regex.groupCount === 0 ? 'no groups' : `groups 1 to ${regex.groupCount}${named(regex)}`
  throw new RegexError(`the pattern has no group \`${name}\` (it has ${has})${hint}`, text, position)
}

function named(regex: Regex): string {
  return regex.groupNames.length === 0 ? '' : `, named ${regex.groupNames.join(', ')}`
}
