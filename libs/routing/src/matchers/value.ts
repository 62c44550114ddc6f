import type { Regex } from '@vrata/regex'

/** What a header or a query parameter must be like. */
export type ValueTest =
  | { readonly kind: 'present' }
  | { readonly kind: 'equals'; readonly value: string }
  /** Found anywhere in the value. */
  | { readonly kind: 'search'; readonly regex: Regex }

/** A header's or parameter's condition as configured: no value asks for presence only, even if marked as a regex. */
export interface ConfiguredValue {
  readonly name: string
  readonly value?: string | undefined
  readonly regex?: boolean | undefined
}

/** @throws {RegexError} from `compile` when the value is to be a regular expression and is none */
export function valueTest(configured: ConfiguredValue, compile: (pattern: string) => Regex): ValueTest {
  const { value } = configured
  if (value === undefined || value === '') return { kind: 'present' }
  return configured.regex ? { kind: 'search', regex: compile(value) } : { kind: 'equals', value }
}

/** The text of a test on the value called `name`; different tests have different texts. */
export function valueExpected(name: string, test: ValueTest): string {
  if (test.kind === 'present') return `${name}: present`
  return test.kind === 'equals' ? `${name}: ${JSON.stringify(test.value)}` : `${name}: /${test.regex.source}/`
}

/** The text of what a request has. */
export function valueActual(name: string, value: string | undefined): string {
  return `${name}: ${value === undefined ? 'absent' : JSON.stringify(value)}`
}

/** A closure that does only what the kind of test needs. An empty value is present. */
export function valuePredicate(test: ValueTest): (value: string | undefined) => boolean {
  if (test.kind === 'present') return (value) => value !== undefined
  if (test.kind === 'equals') return (value) => value === test.value
  return (value) => value !== undefined && test.regex.test(value)
}
