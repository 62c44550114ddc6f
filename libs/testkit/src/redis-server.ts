import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { eventually } from './eventually.ts'
import { freePort } from './free-port.ts'
import { Program } from './program.ts'
import { type Reply, redisCommand } from './redis-command.ts'
import type { Scope } from './scope.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** A real Redis on the loopback interface that keeps nothing on disk. */
export interface RedisServer {
  readonly program: Program
  /** Of clear text. */
  readonly port: number
  /** `127.0.0.1:PORT`. */
  readonly address: string
  /** Sends a command on a connection of its own; rejects when Redis answers with an error. */
  command(...words: readonly string[]): Promise<Reply>
  /** Starts it again, empty, after `program.kill()`. */
  restart(): Promise<void>
  /** Stops its process in its tracks: connections stay open, and nothing answers. */
  freeze(): void
  thaw(): void
}

/** How a Redis is started. */
export interface RedisOptions {
  /** Further arguments, as in `['--requirepass', 'x']`. */
  readonly settings?: readonly string[]
  /** What `command` has to say to be let in. */
  readonly password?: string
}

const missing = 'there is no redis-server on the PATH (Debian: apt-get install redis-server)'

/**
 * For the option `skip` of tests that need Redis: a reason when there is no `redis-server` on the PATH. On a build
 * server (`CI=true`) it is never one: there such a test has to fail.
 */
export function withoutRedis(): string | false {
  if (process.env['CI'] === 'true') return false
  return isOnPath('redis-server')
    ? false
    : 'there is no redis-server on the PATH (Debian: apt-get install redis-server)'
}

function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false // the next folder may have it
    }
  })
}

/** Starts a Redis that answers. Rejects when there is none to start. */
export async function startRedis(scope: Scope, { settings = [], password }: RedisOptions = {}): Promise<RedisServer> {
  if (!isOnPath('redis-server')) throw new Error(missing)
  const folder = await temporaryFolder(scope)
  const port = await freePort()
  const own = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder]
  const program = new Program(scope, { name: 'redis', command: ['redis-server', ...own, ...settings], cwd: folder })
  const command = (...words: readonly string[]) => redisCommand(port, words, password)
  const restart = async (): Promise<void> => {
    program.start()
    await eventually('redis to answer', async () => (await command('PING')) === 'PONG')
  }
  await restart()
  return {
    program,
    port,
    address: `127.0.0.1:${port}`,
    command,
    restart,
    freeze: () => void process.kill(program.pid, 'SIGSTOP'),
    thaw: () => void process.kill(program.pid, 'SIGCONT'),
  }
}
