import { valueAt } from '@vrata/notation'
import type { z } from 'zod'

/**
 * Names of the members that a schema allows in the object at a path of a value: what a misspelt name is compared with.
 * Where a union leads on, only the forms whose constant members fit the value count.
 */
export function membersAt(schema: z.core.$ZodType, value: unknown, path: readonly PropertyKey[]): Set<string> {
  let schemas = forms(schema, value)
  path.forEach((step, index) => {
    const inner = valueAt(value, path.slice(0, index + 1))
    schemas = schemas.flatMap((one) => below(one, step)).flatMap((one) => forms(one, inner))
  })
  return new Set(schemas.flatMap((one) => (one.def.type === 'object' ? Object.keys(one.def.shape) : [])))
}

/** The parts of zod's own description of a schema that are walked here. */
interface Described {
  readonly def: z.core.$ZodTypes['_zod']['def']
}

function describe(schema: z.core.$ZodType): Described {
  // Every schema is one of zod's own classes; the base type only does not say which.
  return { def: (schema as z.core.$ZodTypes)._zod.def }
}

/** The schema without wrappers such as optional and default; the fitting forms of a union. */
function forms(schema: z.core.$ZodType, value: unknown): Described[] {
  const { def } = describe(schema)
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'nonoptional':
    case 'readonly':
    case 'catch':
      return forms(def.innerType, value)
    case 'lazy':
      return forms(def.getter(), value)
    case 'pipe':
      return forms(def.in, value)
    case 'union':
      return def.options.flatMap((option) => forms(option, value)).filter((option) => fits(option, value))
    default:
      return [{ def }]
  }
}

function below({ def }: Described, step: PropertyKey): z.core.$ZodType[] {
  if (def.type === 'array') return [def.element]
  if (def.type === 'record') return [def.valueType]
  if (def.type !== 'object' || typeof step !== 'string' || !Object.hasOwn(def.shape, step)) return []
  const member = def.shape[step]
  return member ? [member] : []
}

/** Whether no constant member of an object schema contradicts the value. */
function fits({ def }: Described, value: unknown): boolean {
  if (def.type !== 'object') return true
  return Object.entries(def.shape).every(([name, member]) => {
    const inner = describe(member).def
    return inner.type !== 'literal' || inner.values.some((constant) => constant === valueAt(value, [name]))
  })
}
