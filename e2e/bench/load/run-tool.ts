import { Program, ProgramScope } from '@vrata/testkit'
import { pinnedTo } from '../machine/cores.ts'
import { findProgram } from '../machine/programs.ts'
import { Unavailable } from '../systems/site.ts'

/** A load generator to be run. */
export interface Tool {
  /** Program and arguments. */
  readonly command: readonly string[]
  readonly cores: readonly number[]
  /** How long it works; much later it is killed. */
  readonly seconds: number
  readonly interrupted: AbortSignal
}

/**
 * Runs a load generator to its end and gives what it printed on stdout, each line as text or, where it is JSON, as an
 * object. Throws `Unavailable` when it is not installed, and an error when it fails, hangs or is interrupted.
 */
export async function runTool({ command, cores, seconds, interrupted }: Tool): Promise<ToolOutput> {
  const [name = ''] = command
  if (findProgram(name) === undefined) throw new Unavailable(`${name} is not installed`)
  interrupted.throwIfAborted()
  await using scope = new ProgramScope()
  const program = new Program(scope, { name, command: [...pinnedTo(cores), ...command] })
  const stop = (): void => void program.kill()
  interrupted.addEventListener('abort', stop)
  try {
    program.start()
    const code = await program.ended((seconds + 30) * 1000)
    interrupted.throwIfAborted()
    const text = program.logs.map(({ msg }) => msg).join('\n')
    if (code !== 0) throw new Error(`${name} ended with ${code}\n${text}\n${program.stderr.join('\n')}`)
    return { text, last: program.logs.at(-1) ?? {} }
  } finally {
    interrupted.removeEventListener('abort', stop)
  }
}

/** What a load generator printed. */
export interface ToolOutput {
  readonly text: string
  /** Fields of the last line, when it is JSON. */
  readonly last: Readonly<Record<string, unknown>>
}
