import { activation } from './activation.ts'
import type { Cell } from './cell.ts'
import { latency } from './latency.ts'
import { memory } from './memory.ts'
import { routes } from './routes.ts'
import { throughputCells } from './throughput.ts'
import { workers } from './workers.ts'

/** Everything that is measured, in the order in which it runs. */
export const cells: readonly Cell[] = [...throughputCells, latency, workers, memory, activation, routes]
