import { parseArgs } from 'node:util'

/** What `npm run bench` was asked for. */
export interface Options {
  /** Names of cells, in the order in which they run. */
  readonly cells: readonly string[]
  /** Names of systems that take part. */
  readonly systems: readonly string[]
  /** Measurements of each system in a cell, from 1 on. */
  readonly rounds: number
  /** Length of one measurement, from 1 on. */
  readonly seconds: number
  /** Kept connections of the load generators, from 1 on. */
  readonly connections: number
  /** Length of the cell that watches memory. */
  readonly minutes: number
  /** File that gets everything measured as JSON. */
  readonly json: string | undefined
  /** Whether docs/performance.md is written. */
  readonly write: boolean
  /** Whether the bundles are built before. */
  readonly build: boolean
}

/**
 * How long a system is loaded before it is measured: long enough that compilers are done. V8 compiles the last of what a
 * proxy needs some 6 s after the first request when it has one core for that and for the requests.
 *
 * @returns seconds
 */
export function warmUp({ seconds }: Pick<Options, 'seconds'>): number {
  return 2 * seconds
}

/** What can be chosen from. */
export interface Choices {
  readonly cells: readonly string[]
  readonly systems: readonly string[]
}

/** The command line makes no sense; the message says why. */
export class UsageError extends Error {}

/** How to call it, for `--help`. */
export function usage({ cells, systems }: Choices): string {
  return `npm run bench -- [options]

With its defaults this takes half an hour, in which the machine should do nothing else.

  --cells LIST        what is measured, with commas between: ${cells.join(', ')}
  --only LIST         who takes part: ${systems.join(', ')}
  --rounds N          measurements of each system, in turns (default 5)
  --seconds N         length of one measurement (default 4)
  --connections N     kept connections of the load (default 64)
  --minutes N         length of the cell "memory" (default 1; 5 for a figure to rely on)
  --json FILE         everything measured, as JSON
  --write             writes docs/performance.md
  --no-build          takes the bundles as they are`
}

/** Reads the arguments after the program's name; undefined when only help is asked for. Throws `UsageError`. */
export function parseOptions(args: readonly string[], choices: Choices): Options | undefined {
  const { values } = parsed(args)
  if (values.help) return undefined
  return {
    cells: list('--cells', values.cells, choices.cells),
    systems: list('--only', values.only, choices.systems),
    rounds: atLeastOne('--rounds', values.rounds ?? '5'),
    seconds: atLeastOne('--seconds', values.seconds ?? '4'),
    connections: atLeastOne('--connections', values.connections ?? '64'),
    minutes: minutes(values.minutes ?? '1'),
    json: values.json,
    write: values.write ?? false,
    build: !values['no-build'],
  }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        cells: { type: 'string' },
        only: { type: 'string' },
        rounds: { type: 'string' },
        seconds: { type: 'string' },
        connections: { type: 'string' },
        minutes: { type: 'string' },
        json: { type: 'string' },
        write: { type: 'boolean' },
        'no-build': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message, { cause: error })
    throw error
  }
}

/** The names in `text` in the order of `known`; all when nothing was asked for. */
function list(option: string, text: string | undefined, known: readonly string[]): readonly string[] {
  if (text === undefined) return known
  const names = text.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined) throw new UsageError(`${option} ${unknown}: known are ${known.join(', ')}`)
  return known.filter((name) => names.includes(name))
}

function atLeastOne(option: string, text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new UsageError(`${option} ${text}: must be a whole number from 1 on`)
  return Number(text)
}

function minutes(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value > 0 && value <= 600)) {
    throw new UsageError(`--minutes ${text}: must be a number above 0 and up to 600`)
  }
  return value
}
