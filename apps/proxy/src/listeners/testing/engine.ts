import assert from 'node:assert/strict'
import { Listener, type ListenerInput } from '@vrata/model'
import { eventually, type FakeClock, fakeClock, freePort, own, type Scope } from '@vrata/testkit'
import type { Exchange } from '../../exchange.ts'
import { Keep } from '../../pipeline/keep.ts'
import { recordingLogger } from '../../testing/in-process.ts'
import { TimerWheel } from '../../timer-wheel.ts'
import { SocketEngine } from '../socket-engine.ts'
import { TicketSecret } from '../tls/ticket-secret.ts'
import { wantedListener } from '../wanted-listener.ts'

/** An engine whose requests are served by the test itself, in a time that the test moves. */
export interface TestEngine {
  readonly engine: SocketEngine
  readonly port: number
  readonly clock: FakeClock
  readonly wheel: TimerWheel
  /** Exchanges that have not ended. */
  readonly inFlight: ReadonlySet<Exchange>
  /** Errors that can only be ours; a test that provokes some takes them out. */
  readonly mistakes: unknown[]
  /** Lines that were logged, parsed. */
  readonly log: readonly Record<string, unknown>[]
  /** Puts other rules behind the living socket. */
  change(fields: Partial<ListenerInput>): void
  /** Waits until no connection is left, and fails when anything else is: exchanges, timers, mistakes. */
  settled(): Promise<void>
}

/** Opens one for the listener fields given; `serve` gets every request that was admitted. */
export async function openEngine(
  scope: Scope,
  serve: (exchange: Exchange) => void,
  fields: Partial<ListenerInput> = {},
): Promise<TestEngine> {
  const clock = fakeClock(1_000_000)
  const wheel = new TimerWheel(clock)
  const port = await freePort()
  const inFlight = new Set<Exchange>()
  const { log, lines } = recordingLogger()
  const keep = new Keep()
  const tickets = new TicketSecret()
  const mistakes: unknown[] = []
  const acceptor = {
    serve(exchange: Exchange) {
      inFlight.add(exchange)
      exchange.onEnd(() => inFlight.delete(exchange))
      serve(exchange)
    },
  }
  const front = (changed: Partial<ListenerInput>) => {
    const listener = Listener.parse({ id: 'l', name: 'l', address: '127.0.0.1', port, ...fields, ...changed })
    return wantedListener(listener, acceptor, keep.lease(), tickets).front
  }
  const engine = new SocketEngine('127.0.0.1', port, front({}), {
    wheel,
    log,
    onMistake: (thrown) => mistakes.push(thrown),
  })
  await engine.listen()
  own(scope, async () => {
    await engine.drain(0)
    assert.deepEqual(mistakes, [])
  })
  return {
    engine,
    port,
    clock,
    wheel,
    inFlight,
    mistakes,
    log: lines,
    change: (changed) => engine.use(front(changed)),
    async settled() {
      await eventually('all connections to be closed', () => engine.connections === 0)
      assert.equal(inFlight.size, 0)
      assert.equal(wheel.armed, 0)
      assert.deepEqual(mistakes, [])
    },
  }
}
