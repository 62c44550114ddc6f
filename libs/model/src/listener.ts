import { z } from 'zod'
import { cidr, hostnamePattern, ipAddress } from './formats/address.ts'
import { duration } from './formats/duration.ts'
import { common } from './formats/entity-members.ts'
import { headerValue } from './formats/http.ts'
import { ListenerMetrics } from './listener-metrics.ts'
import { ListenerTls } from './listener-tls.ts'

const Timeouts = z.strictObject({
  clientHeader: duration()
    .default('10s')
    .describe('Time for the head of a request, from its first byte. 0s: bounded by clientRequest alone.'),
  clientRequest: duration()
    .default('60s')
    .describe('Time without progress while a request body arrives. 0s: no limit.'),
  clientRequestTotal: duration()
    .optional()
    .describe('Time for a whole request, body included, whatever its progress. Absent: no limit.'),
  clientResponse: duration()
    .default('60s')
    .describe('Time without progress in writing an answer to a client that does not read. 0s: no limit.'),
  idleBetweenRequests: duration()
    .default('120s')
    .describe('How long a connection may stay open without a request. 0s: bounded by clientRequest alone.'),
  idleStream: duration()
    .default('1h')
    .describe('How long an upgraded connection may be silent in both directions. 0s: no limit.'),
})

const Limits = z.strictObject({
  maxUrlBytes: z
    .int()
    .min(1)
    .max(1_048_576)
    .default(8192)
    .describe('Longest request target in bytes; longer ones get 414.'),
  maxHeaders: z.int().min(1).max(10_000).default(100).describe('Most header lines of a request; more get 431.'),
  maxBodyBytes: z.int().min(0).default(0).describe('Largest request body in bytes; larger ones get 413. 0: no limit.'),
  maxConnections: z.int().min(0).default(0).describe('Most connections open at once. 0: no limit.'),
  maxStreamsPerConnection: z
    .int()
    .min(1)
    .max(10_000)
    .default(100)
    .describe('Most HTTP/2 requests in flight on one connection.'),
})

const ProxyErrors = z.strictObject({
  detail: z
    .enum(['minimal', 'standard', 'full'])
    .default('standard')
    .describe(
      'How much the proxy tells about an error of its own: minimal is type and status, standard adds a sentence, full adds destination, endpoint, time and cause.',
    ),
})

/** A socket that proxies open, and how they treat who connects to it. */
export const Listener = z.strictObject({
  ...common,
  address: ipAddress().default('0.0.0.0').describe('IP address to bind. 0.0.0.0 and :: stand for every address.'),
  port: z.int().min(1).max(65535).describe('TCP port to bind.'),
  hostnames: z
    .array(hostnamePattern())
    .optional()
    .describe('Hosts this listener answers for; other hosts get 404. Absent or empty: every host.'),
  tls: ListenerTls.optional().describe('TLS for the clients. Absent: clear text.'),
  http2: z
    .boolean()
    .default(false)
    .describe('HTTP/2 for clients: offered in the TLS handshake, or by prior knowledge on clear text.'),
  serverName: headerValue()
    .optional()
    .describe('Value of the Server header of every answer. Absent: what the upstream sent.'),
  maxRequestHeadersKB: z
    .int()
    .min(0)
    .max(65_536)
    .default(0)
    .describe('Most KiB of header names and values of a request; more get 431. 0: the limit of the proxy.'),
  metrics: ListenerMetrics.optional().describe('Prometheus metrics of the traffic of this listener. Absent: none.'),
  timeouts: Timeouts.prefault({}).describe('Limits on how long clients may take.'),
  limits: Limits.prefault({}).describe('Limits on what clients may send.'),
  proxyErrors: ProxyErrors.prefault({}).describe('How errors made by the proxy itself are worded.'),
  pathNormalization: z
    .enum(['enforce', 'report', 'off'])
    .default('enforce')
    .describe(
      'What is done with paths that could mean different things to different programs: enforce makes them canonical or refuses them, report only counts them, off passes them on.',
    ),
  encodedSlash: z
    .enum(['reject', 'keep'])
    .default('reject')
    .describe('What is done with %2F in a path: reject answers 400, keep passes it on as it is.'),
  trustedProxies: z
    .array(cidr())
    .default([])
    .describe('Networks of the proxies in front whose X-Forwarded-* headers are believed.'),
  underscoreHeaders: z
    .enum(['keep', 'drop', 'reject'])
    .default('drop')
    .describe('What is done with request headers that have an underscore in their name; reject answers 400.'),
  via: z.boolean().default(false).describe('Adds a Via header to requests and answers.'),
  drainTimeout: duration()
    .default('30s')
    .describe('How long open connections may go on when the listener closes. 0s: they are cut at once.'),
})

/** A listener with its defaults filled in. */
export type Listener = z.output<typeof Listener>
/** A listener as it is sent and stored. */
export type ListenerInput = z.input<typeof Listener>
