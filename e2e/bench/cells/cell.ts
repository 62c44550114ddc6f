import type { Cores } from '../machine/cores.ts'
import type { Options } from '../options.ts'
import type { Spread } from '../report/statistics.ts'
import type { Table } from '../report/table.ts'
import type { Backends } from '../systems/backends.ts'
import type { Certificate } from '../systems/certificate.ts'
import type { System } from '../systems/site.ts'

/** What cells are measured with. */
export interface Lab {
  readonly options: Options
  readonly cores: Cores
  /** Empty folder; gone at the end of the program. */
  readonly folder: string
  readonly backends: Backends
  /** Undefined when none could be made. */
  readonly certificate: Certificate | undefined
  /** Installed systems that take part. */
  readonly systems: readonly System[]
  /** Aborted when the user wants an end. */
  readonly interrupted: AbortSignal
  /** Tells the user what is going on. */
  say(text: string): void
}

/** One kind of measurement. */
export interface Cell {
  /** For the command line. */
  readonly name: string
  /** Heading of its table. */
  readonly title: string
  /** Sentences on what is measured, for the page of results. */
  readonly about: string
  run(lab: Lab): Promise<Outcome>
}

/** What a cell has found. */
export interface Outcome {
  readonly table: Table
  /** Sentences about what could not be measured and what to doubt. */
  readonly remarks: readonly string[]
  readonly figures: readonly Figure[]
  /** Everything behind the table, for the file of results. */
  readonly raw: unknown
}

/** A number that is asked for or talked about, by a name that is unique among all cells. */
export interface Figure extends Spread {
  readonly name: string
}
