import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { own, type Scope } from './scope.ts'

/** One JSON line of a program's log; a line that is no JSON has only `msg`. */
export interface LogLine {
  readonly msg: string
  readonly [key: string]: unknown
}

/** What to run. */
export interface ProgramOptions {
  /** Stands in messages of tests. */
  readonly name: string
  /** Program and arguments. */
  readonly command: readonly string[]
  readonly cwd?: string
  /** Over the test's own environment. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

interface Waiter {
  readonly matches: (line: LogLine) => boolean
  readonly found: (line: LogLine) => void
  readonly lost: (error: Error) => void
}

const alive = new Set<ChildProcess>()

// Tests that crash run no hook. Then this is what keeps their programs from living on.
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL')
})

/**
 * A program run by a test: started, watched through its log, killed, restarted. It never outlives its scope, and one
 * that ends without being told to fails the test.
 */
export class Program {
  readonly name: string
  /** Everything that it logged on stdout, of all its lives. */
  readonly logs: LogLine[] = []
  /** Everything that it wrote to stderr, line by line. */
  readonly stderr: string[] = []
  readonly #options: ProgramOptions
  readonly #waiters = new Set<Waiter>()
  #child: ChildProcess | undefined
  #ended: Promise<number | null> | undefined
  #told = false
  #lifeBegins = 0

  constructor(scope: Scope, options: ProgramOptions) {
    this.name = options.name
    this.#options = options
    own(scope, async () => {
      const died = this.#child !== undefined && !this.running && !this.#told
      await this.kill()
      if (died) throw new Error(`${this.name} ended during the test although nobody stopped it\n${this.tail()}`)
    })
  }

  /** Process id of the present or last life; throws before the first start. */
  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error(`${this.name} was never started`)
    return this.#child.pid
  }

  get running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** What it logged since it was started the last time. */
  get lifeLogs(): readonly LogLine[] {
    return this.logs.slice(this.#lifeBegins)
  }

  /** Starts it; again after it has ended. */
  start(): void {
    if (this.running) throw new Error(`${this.name} runs already`)
    const { command, cwd, env } = this.#options
    const [file = '', ...args] = command
    const child = spawn(file, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      // the runner's own variable would make a program that uses node:test report to it
      env: { ...process.env, NODE_TEST_CONTEXT: undefined, ...env },
      ...(cwd === undefined ? {} : { cwd }),
    })
    alive.add(child)
    this.#told = false
    this.#child = child
    this.#lifeBegins = this.logs.length
    createInterface({ input: child.stdout }).on('line', (text) => this.#log(text))
    createInterface({ input: child.stderr }).on('line', (text) => this.stderr.push(text))
    child.on('error', (error) => this.#lose(error))
    // 'close' comes after the last line was read, 'exit' may come before
    this.#ended = once(child, 'close').then(() => {
      alive.delete(child)
      this.#lose(new Error(`${this.name} ended with ${child.signalCode ?? child.exitCode}`))
      return child.exitCode
    })
    this.#ended.catch((error: Error) => this.#lose(error))
  }

  /**
   * The first line of the present life, already logged or yet to come, that `matches`. Rejects with the end of the
   * log when the program ends before or when `timeout` milliseconds have passed.
   */
  waitForLog(what: string, matches: (line: LogLine) => boolean, timeout = 120_000): Promise<LogLine> {
    const already = this.lifeLogs.find(matches)
    return already ? Promise.resolve(already) : this.nextLog(what, matches, timeout)
  }

  /** Like `waitForLog`, but only lines that come from now on count. */
  nextLog(what: string, matches: (line: LogLine) => boolean, timeout = 120_000): Promise<LogLine> {
    if (!this.running) return Promise.reject(this.#failure(what, new Error(`${this.name} is not running`)))
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer)
        this.#waiters.delete(waiter)
      }
      const waiter: Waiter = {
        matches,
        found: (line) => {
          settle()
          resolve(line)
        },
        lost: (error) => {
          settle()
          reject(this.#failure(what, error))
        },
      }
      const timer = setTimeout(() => waiter.lost(new Error(`nothing within ${timeout} ms`)), timeout)
      this.#waiters.add(waiter)
    })
  }

  /** SIGKILL, and waits until it is gone. Does nothing when it does not run. */
  async kill(): Promise<void> {
    this.#told = true
    if (this.running) this.#child?.kill('SIGKILL')
    await this.#ended?.catch(() => undefined) // it could not be started: gone as well
  }

  /** SIGTERM, and waits; the exit code. Killed, with an error, when it takes more than `timeout` milliseconds. */
  async stop(timeout = 120_000): Promise<number | null> {
    this.signal('SIGTERM')
    return this.ended(timeout)
  }

  /** Sends a signal and expects that the program may end by it. */
  signal(signal: NodeJS.Signals): void {
    if (!this.running) throw new Error(`${this.name} does not run\n${this.tail()}`)
    this.#told = true
    this.#child?.kill(signal)
  }

  /** Waits until it has ended by itself; the exit code, null when a signal ended it. */
  async ended(timeout = 120_000): Promise<number | null> {
    if (this.#ended === undefined) throw new Error(`${this.name} was never started`)
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new Error(`${this.name} did not end within ${timeout} ms\n${this.tail()}`)),
        timeout,
      )
    })
    try {
      const code = await Promise.race([this.#ended, late])
      this.#told = true // the test waited for this end
      return code
    } finally {
      clearTimeout(timer)
    }
  }

  /** The last lines of both streams, for messages of failing tests. */
  tail(lines = 15): string {
    const logged = this.logs.slice(-lines).map((line) => `  ${JSON.stringify(line)}`)
    return [`log of ${this.name}:`, ...logged, ...this.stderr.slice(-lines).map((line) => `  stderr: ${line}`)].join(
      '\n',
    )
  }

  #log(text: string): void {
    const line = parseLine(text)
    this.logs.push(line)
    for (const waiter of this.#waiters) if (waiter.matches(line)) waiter.found(line)
  }

  #lose(error: Error): void {
    for (const waiter of this.#waiters) waiter.lost(error)
  }

  #failure(what: string, cause: Error): Error {
    return new Error(`${this.name}: waiting for ${what}: ${cause.message}\n${this.tail()}`, { cause })
  }
}

function parseLine(text: string): LogLine {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return { msg: '', ...value }
  } catch {
    // not every line of every program is JSON: then the text itself is the message
  }
  return { msg: text }
}
