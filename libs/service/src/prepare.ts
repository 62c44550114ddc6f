import { writeSync } from 'node:fs'
import type { z } from 'zod'
import { commandLine } from './command-line.ts'
import type { ControlPlaneConfig, ProxyConfig } from './config/file.ts'
import { type LoadedConfig, loadConfig } from './config/load.ts'
import { ConfigError } from './config/problems.ts'
import { unsupportedKeys } from './config/unsupported.ts'
import { createLogger, type Logger } from './logger.ts'

/** Everything a program has in hand before it opens anything. */
export interface Prepared<C> {
  readonly config: C
  readonly logger: Logger
  /** See {@link LoadedConfig.sensitiveVariables}. */
  readonly sensitiveVariables: ReadonlySet<string>
}

/**
 * The first steps of both programs: command line, configuration, keys that this version must refuse, log.
 *
 * Warnings about the file go to the log. With `--check-config` they go to standard error, one `file is valid` line
 * to standard output, and undefined is returned: there is nothing to run.
 *
 * @throws UsageError, ConfigError
 */
export function prepare<S extends z.ZodType<ControlPlaneConfig | ProxyConfig>>(
  program: { readonly name: string; readonly description: string; readonly version: string },
  schema: S,
  args: readonly string[],
): Prepared<z.output<S>> | undefined {
  const line = commandLine(program, args)
  const loaded = loadConfig(line.config, schema)
  const warnings = [...loaded.warnings, ...judgeUnsupported(line.config, loaded.config)]
  if (line.checkConfig) {
    for (const warning of warnings) writeSync(2, `vrata: warning: ${warning}\n`)
    writeSync(1, `${line.config} is valid\n`)
    return undefined
  }
  const logger = createLogger(loaded.config.log)
  for (const warning of warnings) logger.warn(warning)
  return { config: loaded.config, logger, sensitiveVariables: loaded.sensitiveVariables }
}

function judgeUnsupported(file: string, config: ControlPlaneConfig | ProxyConfig): string[] {
  const keys = unsupportedKeys(config)
  const refused = keys.filter((key) => key.refuse)
  if (refused.length > 0) {
    const problems = refused.map(({ key, message }) => ({ pointer: `/${key.replaceAll('.', '/')}`, path: '', message }))
    throw new ConfigError(file, problems)
  }
  return keys.map((key) => key.message)
}
