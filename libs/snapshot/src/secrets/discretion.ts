import type { Problem } from '@vrata/model'
import type { SecretPointer } from './pointers.ts'

/** Problems whose messages never quote what they are about. */
const quoteless = new Set(['tls.material', 'cert.expiring', 'feature.unsupported'])

/** Shorter strings occur in any sentence by chance. */
const telling = 4

/**
 * The problems without anything that was secret: where the place of one came from a secret, or its message holds a
 * confidential text, it only says that the value is not valid.
 */
export function discreet(
  problems: readonly Problem[],
  pointers: readonly SecretPointer[],
  confidential: ReadonlySet<string>,
): Problem[] {
  if (pointers.length === 0) return [...problems]
  const places = new Set(pointers.map(({ kind, id, pointer }) => `${kind}/${id}${pointer}`))
  const texts = [...confidential].filter((text) => text.length >= telling)
  return problems.map((problem) => {
    const { entity, pointer, severity, code, message, suggestion = '' } = problem
    const quoted = texts.some((text) => message.includes(text) || suggestion.includes(text))
    const about = places.has(`${entity.kind}/${entity.id}${pointer}`) && !quoteless.has(code ?? '')
    if (!quoted && !about) return problem
    const safe = { entity, pointer, severity, message: 'the value of the secret is not valid here' }
    return code === undefined ? safe : { ...safe, code }
  })
}
