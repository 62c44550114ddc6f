import { z } from 'zod'
import { entityId } from '../formats/entity-members.ts'
import { ProblemSchema } from './problems.ts'

/** Names come from proxies, which the control plane need not trust: they are bounded. */
const short = () => z.string().max(256)

const Running = z.object({ snapshotId: short(), hash: short() })

/** What a proxy reports after it has applied, or refused, a snapshot. */
export const Ack = z.object({
  proxyId: entityId().describe('Identity of the proxy.'),
  bootId: short().min(1).describe('Identity of this run of its process.'),
  version: short().exactOptional().describe('Version of its program.'),
  labels: z
    .record(short(), short())
    .refine((labels) => Object.keys(labels).length <= 64, {
      error: 'at most 64 labels are allowed',
      params: { code: 'labels.count' },
    })
    .exactOptional()
    .describe('Its labels; at most 64.'),
  seq: z.int().min(0).describe('Number of the activation; older reports than the newest are ignored.'),
  snapshotId: short().describe('Snapshot that the report is about.'),
  hash: short().describe('Hash of that snapshot.'),
  result: z
    .enum(['ok', 'degraded', 'error'])
    .describe('ok: applied. degraded: applied, but not all of it works. error: not applied, the earlier one goes on.'),
  applyMs: z.number().min(0).exactOptional().describe('How long it took, in milliseconds.'),
  running: Running.nullable().exactOptional().describe('What runs now.'),
  problems: z.array(ProblemSchema).max(500).exactOptional().describe('What is wrong.'),
})
/** What a proxy reports after it has applied, or refused, a snapshot. */
export type Ack = z.output<typeof Ack>

/** What a proxy reports from time to time about its traffic. */
export const Heartbeat = z.object({
  proxyId: entityId(),
  bootId: short().min(1),
  seq: z.int().min(0).exactOptional(),
  snapshotId: short().exactOptional(),
  hash: short().exactOptional(),
  uptimeS: z.number().min(0).exactOptional(),
  connections: z.int().min(0).exactOptional(),
  window: z
    .object({
      seconds: z.number().positive(),
      requests: z.int().min(0),
      errors5xx: z.int().min(0),
      p50Ms: z.number().min(0).exactOptional(),
      p99Ms: z.number().min(0).exactOptional(),
    })
    .exactOptional()
    .describe('Traffic of the last seconds.'),
})
/** What a proxy reports from time to time about its traffic. */
export type Heartbeat = z.output<typeof Heartbeat>

/** How a proxy stands to what it should run. */
export const proxyStates = ['inSync', 'applying', 'error', 'stale', 'lost', 'silent'] as const
/** How a proxy stands to what it should run. */
export type ProxyState = (typeof proxyStates)[number]

/** One proxy, as `GET /fleet/{id}` answers it. */
export const FleetProxy = z.object({
  id: z.string(),
  version: z.string().exactOptional(),
  labels: z.record(z.string(), z.string()),
  remote: z.string().exactOptional().describe('Address it connects from.'),
  node: z.string().exactOptional().describe('Node of the control plane it is connected to.'),
  connectedSince: z.string().nullable().describe('When its stream was opened; null without one.'),
  lastSeen: z.string().describe('When it last gave a sign of life.'),
  state: z
    .enum(proxyStates)
    .describe(
      'inSync: runs what it should. applying: was sent it less than 10 s ago. stale: longer ago, without an answer. error: refused it. lost: gives no sign of life. silent: has no identity.',
    ),
  snapshotId: z.string().nullable().describe('Snapshot it runs.'),
  hash: z.string().nullable().describe('Hash of the snapshot it runs.'),
  wantedSnapshotId: z.string().nullable().describe('Snapshot it should run.'),
  lastAck: z
    .object({
      at: z.string(),
      result: z.enum(['ok', 'degraded', 'error']),
      applyMs: z.number().exactOptional(),
      problems: z.array(ProblemSchema),
      truncated: z.boolean().exactOptional().describe('It named more problems than are kept.'),
    })
    .nullable()
    .describe('Its last report.'),
  stats: z
    .object({ requests: z.int(), errors5xx: z.int(), p99Ms: z.number().exactOptional() })
    .nullable()
    .describe('Traffic of its last heartbeat.'),
})
/** One proxy of the fleet. */
export type FleetProxy = z.output<typeof FleetProxy>

/** All proxies, as `GET /fleet` answers them. */
export const Fleet = z.object({
  active: z
    .object({ snapshotId: z.string(), hash: z.string(), seq: z.int() })
    .nullable()
    .describe('What the fleet should run; null while nothing is active.'),
  proxies: z.array(FleetProxy),
  counts: z
    .object({
      inSync: z.int(),
      applying: z.int(),
      error: z.int(),
      stale: z.int(),
      lost: z.int(),
      silent: z.int(),
    })
    .describe('How many proxies are in each state.'),
})
/** All proxies. */
export type Fleet = z.output<typeof Fleet>
