import type { Group, Route } from '@vrata/model'
import type { EntryDraft } from './compose.ts'
import type { Part } from './parts.ts'

/**
 * What was compiled from routes and groups before. A later compilation that is given the very same objects (not equal
 * ones) takes it over, and only what is new costs anything. What nobody else holds any longer is forgotten by itself.
 */
export class RouteMemory {
  readonly #parts = new WeakMap<Route | Group, Part>()
  readonly #alone = new WeakMap<Route, EntryDraft>()
  readonly #inGroups = new WeakMap<Route, WeakMap<Group, EntryDraft>>()

  /** What the route or group says by itself; made by `compile` unless it is known. Failures are not remembered. */
  part(entity: Route | Group, compile: () => Part | undefined): Part | undefined {
    const known = this.#parts.get(entity)
    if (known !== undefined) return known
    const made = compile()
    if (made !== undefined) this.#parts.set(entity, made)
    return made
  }

  /** The entry of a route in a group, or on its own, as a copy: its place in the table differs from table to table. */
  entry(route: Route, group: Group | undefined, compose: () => EntryDraft | undefined): EntryDraft | undefined {
    const known = group === undefined ? this.#alone.get(route) : this.#inGroups.get(route)?.get(group)
    if (known !== undefined) return { ...known }
    const made = compose()
    if (made !== undefined) this.#remember(route, group, { ...made })
    return made
  }

  #remember(route: Route, group: Group | undefined, entry: EntryDraft): void {
    if (group === undefined) {
      this.#alone.set(route, entry)
      return
    }
    const groups = this.#inGroups.get(route) ?? new WeakMap<Group, EntryDraft>()
    groups.set(group, entry)
    this.#inGroups.set(route, groups)
  }
}
