import type { Exchange } from '../exchange.ts'

/** Chooses by index, -1 when nothing is usable. A promise only when the session store has to be asked. */
export type Balancer = (exchange: Exchange) => number | Promise<number>
