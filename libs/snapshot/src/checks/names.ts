import type { Problem, SnapshotConfig } from '@vrata/model'
import { byId, lists, refOf, snapshotKinds } from '../kinds.ts'
import type { Steps } from '../slices.ts'

/**
 * Names are for people, who are warned of entities without one (`name.missing`) and of two of a kind with the same
 * (`name.duplicate`, at the greater id).
 */
export function* checkNames(config: SnapshotConfig, problems: Problem[]): Steps<void> {
  for (const kind of snapshotKinds) {
    const owners = new Map<string, string>()
    for (const entity of [...config[lists[kind]]].sort(byId)) {
      yield
      const name = typeof entity.name === 'string' ? entity.name : ''
      const at = { entity: refOf(kind, entity), pointer: '/name', severity: 'warning' } as const
      const owner = owners.get(name)
      if (name === '') problems.push({ ...at, message: `the ${kind} has no name`, code: 'name.missing' })
      else if (owner === undefined) owners.set(name, entity.id)
      else {
        const message = `${kind} ${JSON.stringify(owner)} has the same name`
        problems.push({ ...at, message, code: 'name.duplicate' })
      }
    }
  }
}
