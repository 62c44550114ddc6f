import { eventually, Program, type Scope } from '@vrata/testkit'
import { takesConnections } from '../../servers/server-program.ts'
import { pinnedTo } from '../machine/cores.ts'
import { type Running, Unavailable } from './site.ts'

/** A server program to be started. */
export interface Server {
  readonly name: string
  readonly command: readonly string[]
  /** Where it will listen on the loopback interface. */
  readonly port: number
  readonly cores: readonly number[]
  readonly folder: string
  readonly env?: Readonly<Record<string, string>>
}

/** Starts a server and waits until it takes connections; it is killed when the scope ends. */
export async function serve(scope: Scope, server: Server): Promise<Running> {
  const { name, port, cores, folder, env = {} } = server
  const program = new Program(scope, { name, command: [...pinnedTo(cores), ...server.command], cwd: folder, env })
  program.start()
  await eventually(`${name} to listen on port ${port}`, async () => {
    if (program.running) return takesConnections(port)
    await program.ended()
    return true // told below
  })
  if (!program.running) throw new Unavailable(`did not start: ${program.stderr.at(-1) ?? 'without a word'}`)
  return { port, pids: [program.pid] }
}
