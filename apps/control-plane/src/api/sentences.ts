import type { Problem } from '@vrata/model'
import { parsePointer } from '@vrata/model'

/** Sentences that clients recognise: where one of them is a problem, it is the answer's `error` as it stands. */
const known: readonly RegExp[] = [
  /^a route must define exactly one of destinations, redirect, or directResponse$/,
  /^destination weights must sum to 100 when multiple destinations are defined$/,
  /^unknown clientAuth\.mode /,
  /^clientAuth\.ca is required when mode is /,
  /^name is required$/,
]

/** The one sentence about a document that is not valid, called by its kind; the problems themselves go beside it. */
export function invalidSentence(kind: string, problems: readonly Problem[]): string {
  const errors = problems.filter((problem) => problem.severity === 'error')
  const famous = errors.find(({ message }) => known.some((pattern) => pattern.test(message)))
  if (famous) return famous.message
  const [only] = errors
  if (errors.length === 1 && only) return describe(only)
  return `the ${kind} is not valid: ${errors.length} problems`
}

/** The sentence for a refused capture: unresolved secrets are named, since nothing else explains the rest so often. */
export function refusedSentence(problems: readonly Problem[]): string {
  const errors = problems.filter((problem) => problem.severity === 'error')
  const secrets = errors.filter(({ code }) => code === 'secret.unresolved' || code === 'secret.ambiguous')
  if (secrets.length > 0) {
    const lines = new Set(secrets.slice(0, 50).map(({ message }) => `\n  ${message}`))
    return `resolving secrets: unresolved secret references:${[...lines].join('')}`
  }
  const [only] = errors
  if (errors.length === 1 && only) {
    const { kind, id, name } = only.entity
    return `the snapshot was refused: ${kind} "${name || id || ''}": ${describe(only)}`
  }
  return `the snapshot was refused: ${errors.length} problems`
}

/** `inlineAuthz.rules[1].cel: …` */
function describe(problem: Problem): string {
  const place = (parsePointer(problem.pointer) ?? [])
    .map((step, index) => (/^\d+$/.test(step) ? `[${step}]` : index === 0 ? step : `.${step}`))
    .join('')
  return place === '' ? problem.message : `${place}: ${problem.message}`
}
