import { Command, CommanderError } from 'commander'
import { UsageError } from './program.ts'

/** What the command line of a program asks for. */
export interface CommandLine {
  /** Path of the configuration file. */
  readonly config: string
  /** Only load and check the file, then leave with 0 or 1. */
  readonly checkConfig: boolean
}

/**
 * Reads the command line that both programs share: `--config PATH` (also `-config`, default `config.yaml`),
 * `--check-config`, `--version`, `-h`.
 *
 * Help and version are printed and end the process with 0.
 *
 * @param args without interpreter and script: `process.argv.slice(2)`
 * @throws UsageError for anything else on the line
 */
export function commandLine(
  program: { readonly name: string; readonly description: string; readonly version: string },
  args: readonly string[],
): CommandLine {
  const command = new Command(program.name)
    .description(program.description)
    .version(program.version, '--version', 'print the version and leave')
    .option('--config <path>', 'configuration file, also -config', 'config.yaml')
    .option('--check-config', 'read and check the configuration file, then leave', false)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
  try {
    command.parse(args.map(withTwoDashes), { from: 'user' })
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown
    if (thrown.exitCode === 0) process.exit(0)
    throw new UsageError(thrown.message.replace(/^error: /, ''), { cause: thrown })
  }
  return command.opts<CommandLine>()
}

function withTwoDashes(arg: string): string {
  return arg === '-config' || arg.startsWith('-config=') ? `-${arg}` : arg
}
