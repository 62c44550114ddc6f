import { writeSync } from 'node:fs'
import { type DestinationStream, destination, type LevelWithSilent, type Logger, pino } from 'pino'
import type { LogConfig } from './config/sections.ts'

export type { Logger } from 'pino'

/** Members whose values never reach the log, at the top or one level down. */
const secretMembers = ['authorization', 'cookie', 'apiKey', 'password', 'secret', 'privateKey']

/**
 * The log of a program, on standard output unless a destination is given.
 *
 * `json` writes one object a line with `time` (RFC 3339, UTC, milliseconds), `level` (a word), `msg` and the fields
 * of the event; `console` writes the same as `key=value`. An error under `err` is written with type, message and
 * stack. Lines are written at once, so that the last words before an exit are not lost.
 */
export function createLogger(log: LogConfig, out: DestinationStream = standardOutput()): Logger {
  const children = new Children()
  const logger = pino(
    {
      level: log.level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretMembers.flatMap((member) => [member, `*.${member}`]), censor: '[redacted]' },
      onChild: (child) => children.add(child),
    },
    log.format === 'json' ? out : { write: (line) => out.write(consoleLine(line)) },
  )
  families.set(logger, children)
  return logger
}

/** Characters of lines that wait until they can be written; what comes beyond that is lost. */
const mostWaiting = 1_048_576

/** A full disk, or a reader that has gone, costs lines and nothing else: what the program is there for goes on. */
function standardOutput(): DestinationStream {
  const out = destination({ fd: 1, sync: true, maxLength: mostWaiting })
  let failing = false
  out.on('write', () => {
    failing = false
  })
  out.on('error', (thrown: NodeJS.ErrnoException) => {
    if (failing) return
    failing = true
    tell(`vrata: the log cannot be written to standard output (${thrown.code})`)
  })
  return out
}

function tell(line: string): void {
  try {
    writeSync(2, `${line}\n`)
  } catch {
    // both outputs are often the same file: then there is nobody left to tell
  }
}

/**
 * Changes what a running program logs, for the logger that {@link createLogger} made and for all its children.
 */
export function setLogLevel(logger: Logger, level: LogConfig['level']): void {
  logger.level = level
  families.get(logger)?.setLevel(level)
}

const families = new WeakMap<Logger, Children>()

/** Pino copies the level into each child; so they are remembered, weakly, to be told of a change. */
class Children {
  readonly #children = new Set<WeakRef<{ level: LevelWithSilent | (string & {}) }>>()
  readonly #gone = new FinalizationRegistry<WeakRef<{ level: string }>>((reference) => this.#children.delete(reference))

  add(child: Logger): void {
    const reference = new WeakRef(child)
    this.#children.add(reference)
    this.#gone.register(child, reference)
  }

  setLevel(level: string): void {
    for (const reference of this.#children) {
      const child = reference.deref()
      if (child) child.level = level
    }
  }
}

function consoleLine(json: string): string {
  const event: unknown = JSON.parse(json)
  if (typeof event !== 'object' || event === null) return json
  const { time, level, msg, ...fields } = Object.fromEntries(Object.entries(event))
  const ordered = Object.entries({ time, level, msg, ...fields })
  return `${ordered.flatMap(([key, value]) => consolePairs(key, value)).join(' ')}\n`
}

/** Objects are written member by member with dotted keys; lists as JSON. */
function consolePairs(key: string, value: unknown): string[] {
  if (value === undefined) return []
  if (typeof value !== 'object' || value === null) return [`${quoted(key)}=${quoted(String(value))}`]
  if (Array.isArray(value)) return [`${quoted(key)}=${quoted(JSON.stringify(value))}`]
  return Object.entries(value).flatMap(([member, inner]) => consolePairs(`${key}.${member}`, inner))
}

/** As it is when it reads unambiguously, else as a JSON string. */
function quoted(text: string): string {
  return /^[^\s"'=\\\p{Cc}]+$/u.test(text) ? text : JSON.stringify(text)
}
