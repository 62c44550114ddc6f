import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { h2loadCommand, parseH2load } from '../load/h2load.ts'
import { webSocketCommand } from '../load/own-loads.ts'
import type { LoadResult } from '../load/result.ts'
import { runTool } from '../load/run-tool.ts'
import { parseWrk, postScript, wrkCommand } from '../load/wrk.ts'
import { largePath } from '../systems/backends.ts'
import { manyPath, manyRoutes, tier } from '../systems/site.ts'
import type { Cell, Lab, Outcome } from './cell.ts'
import { type Comparison, compare } from './compare.ts'
import { type Probe, probe } from './probe.ts'
import { withPrograms } from './sampling.ts'
import { summarize } from './summary.ts'

/** A cell with a request of its own, asked over kept connections by wrk. */
interface WrkCell extends Pick<Cell, 'name' | 'title' | 'about'> {
  readonly setting?: Partial<Comparison['setting']>
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Bytes of the answer. */
  readonly answer?: number
  /** Bytes of the body that is sent with POST. */
  readonly body?: number
}

const plain = { front: 'http', table: 'bare', webSockets: false } as const
const kilobyte = 1024

const wrkCells: readonly WrkCell[] = [
  { name: 'bare', title: '1 KB answers on a bare route', about: 'GET, answers of 1 KB, one route for everything.' },
  {
    name: 'many',
    title: '1 KB answers, 1,000 routes, a predicate on each',
    about:
      `GET, answers of 1 KB. ${manyRoutes.toLocaleString('en-US')} routes by prefix, each with the condition that a header has a certain ` +
      'value: a CEL expression in vrata and caddy, what the others have for it elsewhere.',
    setting: { table: 'many' },
    path: manyPath,
    headers: { [tier.header]: tier.value },
  },
  {
    name: 'large',
    title: '100 KB answers',
    about: 'GET, answers of 100 KB.',
    path: largePath,
    answer: 100 * kilobyte,
  },
  {
    name: 'post',
    title: '10 KB POST bodies',
    about: 'POST with a body of 10 KB, answers of 1 KB.',
    body: 10 * kilobyte,
  },
  {
    name: 'tls',
    title: 'TLS in front',
    about: 'As the bare route, with TLS between client and proxy (kept connections, ECDSA P-256 certificate).',
    setting: { front: 'tls' },
  },
  {
    name: 'new-connections',
    title: 'A new connection for each request',
    about:
      'As the bare route, but every connection is closed after its answer; those to the backend are kept. ' +
      '@fastify/http-proxy passes the "Connection: keep-alive" of the backend on and closes nevertheless, which wrk ' +
      'counts as one error for each answer.',
    headers: { Connection: 'close' },
  },
]

function wrkCell({ setting, path = '/', headers = {}, answer = kilobyte, body, ...cell }: WrkCell): Cell {
  const front = setting?.front ?? 'http'
  const url = (port: number): string => `${front === 'http' ? 'http' : 'https'}://127.0.0.1:${port}${path}`
  const check: Omit<Probe, 'url'> = {
    headers,
    bytes: answer,
    ...(body === undefined ? {} : { method: 'POST', body: 'x'.repeat(body) }),
  }
  return {
    ...cell,
    async run(lab) {
      const script = body === undefined ? undefined : join(lab.folder, `post-${body}.lua`)
      if (script !== undefined && body !== undefined) await writeFile(script, postScript(body))
      return throughput(lab, cell.name, {
        setting: { ...plain, ...setting },
        direct: front === 'http' ? lab.backends.http : lab.backends.tls,
        probe: (port) => probe({ ...check, url: url(port) }),
        load: async (port, seconds) => {
          const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
          const extra = script === undefined ? {} : { script }
          return wrk(lab, { url: url(port), seconds, headers: lines, ...extra })
        },
      })
    },
  }
}

/** One run of wrk in this lab. */
export async function wrk(
  lab: Lab,
  run: { url: string; seconds: number; headers?: readonly string[]; script?: string },
): Promise<LoadResult> {
  const command = wrkCommand({ ...run, connections: lab.options.connections, threads: loadThreads(lab) })
  return parseWrk((await runLoad(lab, command, run.seconds)).text)
}

/** A second thread for the load only where it does not take the backend's core. */
function loadThreads(lab: Lab): number {
  return lab.cores.load.length > 2 ? 2 : 1
}

function runLoad(lab: Lab, command: readonly string[], seconds: number) {
  return runTool({ command, seconds, cores: lab.cores.load, interrupted: lab.interrupted })
}

/** Requests under way on one HTTP/2 connection. */
const streams = 8

const http2: Cell = {
  name: 'h2',
  title: 'HTTP/2 in front',
  about:
    `As the bare route, with HTTP/2 in TLS between client and proxy: ${streams} requests under way on each connection, ` +
    'as many in all as there are connections elsewhere; HTTP/1.1 to the backend.',
  run: (lab) =>
    throughput(lab, 'h2', {
      setting: { ...plain, front: 'h2' },
      direct: lab.backends.tls,
      probe: async () => undefined, // h2load itself tells statuses and protocol
      load: async (port, seconds) => {
        const connections = Math.max(1, Math.round(lab.options.connections / streams))
        const url = `https://127.0.0.1:${port}/`
        const command = h2loadCommand({ url, seconds, connections, streams, threads: 1 })
        return parseH2load((await runLoad(lab, command, seconds)).text)
      },
    }),
}

const webSockets: Cell = {
  name: 'websocket',
  title: 'WebSocket echo',
  about: 'Messages of 64 bytes there and back, one under way on each of the open WebSockets.',
  run: (lab) =>
    throughput(
      lab,
      'websocket',
      {
        setting: { ...plain, webSockets: true },
        direct: lab.backends.echo,
        probe: async () => undefined, // the load compares every byte that comes back
        load: async (port, seconds) => {
          const command = webSocketCommand({ port, seconds, connections: lab.options.connections })
          const { last } = await runLoad(lab, command, seconds)
          return { rate: Number(last['rate']), errors: Number(last['errors']), latency: undefined }
        },
      },
      'messages/s',
    ),
}

async function throughput(lab: Lab, name: string, comparison: Comparison, unit = 'req/s'): Promise<Outcome> {
  const remarks: string[] = []
  const rows = await withPrograms(remarks, (scope) => compare(lab, scope, comparison, remarks))
  return summarize(name, unit, rows, remarks)
}

/** The cells that compare how much each system can take. */
export const throughputCells: readonly Cell[] = [...wrkCells.map(wrkCell), http2, webSockets]
