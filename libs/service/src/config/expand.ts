/** Where one variable was used, and what came of it. */
export interface VariableUse {
  readonly name: string
  /** A plain `${NAME}` whose variable is unset: it became the empty string. */
  readonly missing: boolean
}

/** The result of expanding one string. `error` replaces the text: the string cannot be used. */
export type Expansion =
  | { readonly text: string; readonly uses: readonly VariableUse[]; readonly whole: boolean }
  | { readonly error: string; readonly uses: readonly VariableUse[] }

const reference = /\$\$\{|\$\{([^}]*)(\}?)/g
const body = /^([A-Za-z_][A-Za-z0-9_]*)(?::([-?])(.*))?$/s

/**
 * Replaces environment references in one string of the configuration file.
 *
 * `${NAME}` is the variable's value; `${NAME:-fallback}` is the fallback when it is unset or empty;
 * `${NAME:?message}` is an error with that message then; `$${` is a literal `${`; any other `$` stays as it is.
 * Substituted text is not looked at again. `whole` tells that the string was a single reference and nothing else,
 * so that a number or a boolean may be read from it.
 */
export function expandVariables(text: string, env: Readonly<Record<string, string | undefined>>): Expansion {
  const uses: VariableUse[] = []
  let error: string | undefined
  let references = 0
  const expanded = text.replace(reference, (match, inside: string | undefined, closed: string | undefined) => {
    if (match === '$${') return '${'
    references++
    const value = inside !== undefined && closed === '}' ? lookUp(inside, env) : malformed(match)
    if ('use' in value) uses.push(value.use)
    if ('error' in value) error ??= value.error
    return 'text' in value ? value.text : ''
  })
  if (error !== undefined) return { error, uses }
  return { text: expanded, uses, whole: references === 1 && /^\$\{[^}]*\}$/.test(text) }
}

type LookUp =
  | { readonly text: string; readonly use: VariableUse }
  | { readonly error: string; readonly use?: VariableUse }

function lookUp(inside: string, env: Readonly<Record<string, string | undefined>>): LookUp {
  const [, name, operator, argument = ''] = body.exec(inside) ?? []
  if (name === undefined) return malformed(`\${${inside}}`)
  if (argument.includes('${')) return { error: `a reference inside the fallback of \${${name}} is not supported` }
  const value = Object.hasOwn(env, name) ? env[name] : undefined
  const use = { name, missing: operator === undefined && value === undefined }
  if (operator === undefined) return { text: value ?? '', use }
  if (value !== undefined && value !== '') return { text: value, use }
  if (operator === '-') return { text: argument, use }
  return { error: `the environment variable ${name} is not set${argument === '' ? '' : `: ${argument}`}`, use }
}

function malformed(match: string): { readonly error: string } {
  return {
    error: `${JSON.stringify(match)} is not an environment reference; write \${NAME}, \${NAME:-fallback}, \${NAME:?message}, or $\${ for a literal \${`,
  }
}
