import type { Figure } from '../cells/cell.ts'
import { short, type Table } from './table.ts'

/** What is asked of a figure. */
export interface Target {
  /** Name of the figure. */
  readonly figure: string
  /** The bound that its median has to keep. */
  readonly bound: { readonly atLeast: number } | { readonly below: number }
}

/** How fast this proxy is meant to be. */
export const targets: readonly Target[] = [
  { figure: 'bare: vrata / nginx', bound: { atLeast: 0.55 } },
  { figure: 'bare: vrata / caddy', bound: { atLeast: 2.5 } },
  { figure: 'bare: vrata / fastify-http-proxy', bound: { atLeast: 2.5 } },
  { figure: 'bare: vrata / http-proxy-3', bound: { atLeast: 5 } },
  { figure: 'large: vrata / nginx', bound: { atLeast: 0.7 } },
  { figure: 'tls: vrata / nginx', bound: { atLeast: 0.5 } },
  { figure: 'latency: vrata p99 added ms', bound: { below: 1 } },
  { figure: 'workers: two / one', bound: { atLeast: 1.7 } },
  { figure: 'routes: compile ms', bound: { below: 1_000 } },
  { figure: 'routes: pause ms', bound: { below: 20 } },
  { figure: 'routes: pause ms, a few changed', bound: { below: 20 } },
  { figure: 'memory: growth in percent', bound: { below: 5 } },
]

/** The targets beside what was measured. */
export function judge(asked: readonly Target[], figures: readonly Figure[]): Table {
  return {
    columns: ['figure', 'asked', 'measured', 'lowest to highest', ''],
    rows: asked.map(({ figure, bound }) => {
      const wanted = 'atLeast' in bound ? `at least ${bound.atLeast}` : `below ${bound.below}`
      const found = figures.find(({ name }) => name === figure)
      if (found === undefined) return [figure, wanted, '', '', 'not measured']
      const kept = 'atLeast' in bound ? found.median >= bound.atLeast : found.median < bound.below
      const range = `${short(found.low)} to ${short(found.high)}`
      return [figure, wanted, short(found.median), range, kept ? 'reached' : 'missed']
    }),
  }
}
