import type { Group, Route } from '@vrata/model'
import type { EntryDraft } from './compose.ts'
import type { Part } from './parts.ts'

/** What one compilation has made. Plain maps: collecting garbage around weak ones takes many times as long. */
interface Made {
  readonly parts: Map<Route | Group, Part>
  readonly alone: Map<Route, EntryDraft>
  readonly grouped: Map<Route, readonly EntryDraft[]>
}

function nothing(): Made {
  return { parts: new Map(), alone: new Map(), grouped: new Map() }
}

/**
 * What the last compilation made of routes and groups. The next one that is given the very same objects (not equal
 * ones) takes it over, and only what is new costs anything.
 */
export class RouteMemory {
  #last = nothing()

  /** Begins a compilation; what it does not ask for is forgotten once it has ended. */
  begin(): RouteRecall {
    return new RouteRecall(this.#last, (made) => {
      this.#last = made
    })
  }
}

/** One compilation's use of the memory. */
export class RouteRecall {
  readonly #last: Made
  readonly #next = nothing()
  readonly #onEnd: (made: Made) => void

  constructor(last: Made, onEnd: (made: Made) => void) {
    this.#last = last
    this.#onEnd = onEnd
  }

  /** What the route or group says by itself; made by `compile` unless it is known. Failures are not remembered. */
  part(entity: Route | Group, compile: () => Part | undefined): Part | undefined {
    const part = this.#last.parts.get(entity) ?? compile()
    if (part !== undefined) this.#next.parts.set(entity, part)
    return part
  }

  /** The entry of a route in a group, or on its own, as a copy: its place in the table differs from table to table. */
  entry(route: Route, group: Group | undefined, compose: () => EntryDraft | undefined): EntryDraft | undefined {
    const known = this.#known(route, group)
    const entry = known ?? compose()
    if (entry === undefined) return undefined
    const { alone, grouped } = this.#next
    if (group === undefined) alone.set(route, entry)
    else grouped.set(route, [...(grouped.get(route) ?? []), entry])
    return { ...entry }
  }

  end(): void {
    this.#onEnd(this.#next)
  }

  #known(route: Route, group: Group | undefined): EntryDraft | undefined {
    const { alone, grouped } = this.#last
    return group === undefined ? alone.get(route) : grouped.get(route)?.find((entry) => entry.group === group)
  }
}
