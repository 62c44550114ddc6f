import { once } from 'node:events'
import { createConnection } from 'node:net'
import { eventually, Program, type Scope } from '@vrata/testkit'

/** A server program that takes connections. */
export interface RunningServer {
  readonly program: Program
  /** Host and port. */
  readonly address: string
  /** Where its configuration and its files are. */
  readonly folder: string
}

/** Starts a server program and waits until it takes connections on this port; it is killed when the scope ends. */
export async function startServer(
  scope: Scope,
  name: string,
  command: readonly string[],
  folder: string,
  port: number,
): Promise<RunningServer> {
  const program = new Program(scope, { name, command, cwd: folder })
  program.start()
  await eventually(`${name} to listen on port ${port}: ${program.tail()}`, () => takesConnections(port))
  return { program, address: `127.0.0.1:${port}`, folder }
}

/** Whether something takes connections on a port of the loopback interface. Rejects when nothing does. */
export async function takesConnections(port: number): Promise<boolean> {
  const socket = createConnection(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } finally {
    socket.destroy()
  }
}
