import { hasBehaviour } from '@vrata/middlewares'
import type { Problem, SnapshotConfig } from '@vrata/model'
import { parseDuration, pointer, valueAt } from '@vrata/notation'
import { lists, refOf, type SnapshotKind } from '../kinds.ts'
import type { Entities } from '../parse.ts'
import type { Steps } from '../slices.ts'

/**
 * A part of the model that proxies do not act on yet. Whatever uses it is refused, since a policy that is configured
 * and silently missing is worse than one that cannot be configured.
 */
interface MissingFeature {
  readonly kind: SnapshotKind
  /** Members that lead to the value, from the entity. */
  readonly path: readonly string[]
  /** Whether the value asks for the behaviour; absent = any value does. */
  readonly asksFor?: (value: unknown) => boolean
  /** Completes "… is not supported yet". */
  readonly what: string
}

const isPositive = (value: unknown) => typeof value === 'number' && value > 0
const lasts = (value: unknown) => typeof value !== 'string' || parseDuration(value) !== 0

/** One line for each missing feature; the work that brings the feature takes its line out. */
const missingFeatures: readonly MissingFeature[] = [
  { kind: 'listener', path: ['metrics'], what: 'a metrics endpoint on listeners' },
  { kind: 'destination', path: ['options', 'circuitBreaker'], what: 'a circuit breaker' },
  { kind: 'destination', path: ['options', 'healthCheck'], what: 'active health checking' },
  { kind: 'destination', path: ['options', 'outlierDetection'], what: 'outlier detection' },
  { kind: 'destination', path: ['options', 'discovery'], what: 'endpoint discovery' },
  { kind: 'destination', path: ['options', 'slowStart'], asksFor: lasts, what: 'slow start' },
  { kind: 'route', path: ['forward', 'retry', 'attempts'], asksFor: isPositive, what: 'retrying' },
  { kind: 'group', path: ['retryDefault', 'attempts'], asksFor: isPositive, what: 'retrying' },
  {
    kind: 'route',
    path: ['forward', 'mirror'],
    asksFor: (value) => valueAt(value, ['percentage']) !== 0,
    what: 'mirroring',
  },
]

const code = 'feature.unsupported'

/**
 * Refuses entities that ask for behaviour that is missing. The lists are looked at as they were sent: a default that
 * was filled in asks for nothing.
 */
export function* checkFeatures(config: SnapshotConfig, problems: Problem[]): Steps<void> {
  for (const [kind, features] of Map.groupBy(missingFeatures, (feature) => feature.kind)) {
    for (const entity of config[lists[kind]]) {
      yield
      for (const { path, asksFor, what } of features) {
        const value = valueAt(entity, path)
        if (value === undefined || value === null || asksFor?.(value) === false) continue
        const message = `${what} is not supported yet`
        problems.push({ entity: refOf(kind, entity), pointer: pointer(...path), message, severity: 'error', code })
      }
    }
  }
}

/** Refuses routes and groups that attach a middleware whose type does nothing yet. One that nobody attaches may stay. */
export function* checkMiddlewareBehaviour(entities: Entities, problems: Problem[]): Steps<void> {
  const types = new Map(entities.middlewares.map((middleware) => [middleware.id, middleware.type]))
  for (const [kind, owners] of [
    ['route', entities.routes],
    ['group', entities.groups],
  ] as const) {
    for (const owner of owners) {
      yield
      for (const [index, id] of owner.middlewareIds.entries()) {
        const type = types.get(id)
        if (type === undefined || hasBehaviour(type)) continue
        const message = `middleware ${JSON.stringify(id)} cannot be attached: the type ${type} is not supported yet`
        const place = pointer('middlewareIds', index)
        problems.push({ entity: refOf(kind, owner), pointer: place, message, severity: 'error', code })
      }
    }
  }
}
