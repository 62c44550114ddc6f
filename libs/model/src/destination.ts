import { z } from 'zod'
import { EndpointBalancing } from './endpoint-balancing.ts'
import { hostAddress } from './formats/address.ts'
import { duration } from './formats/duration.ts'
import { common } from './formats/entity-members.ts'
import { pem } from './formats/pem.ts'
import { report } from './formats/text.ts'
import { CircuitBreaker, HealthCheck, OutlierDetection } from './resilience.ts'
import { tlsVersionBounds, versionOrder } from './tls-version.ts'

const Endpoint = z.strictObject({
  host: hostAddress().describe('IP address or host name.'),
  port: z.int().min(1).max(65535).describe('TCP port.'),
})

const Timeouts = z.strictObject({
  request: duration()
    .optional()
    .describe('Limit for a whole call. The smaller of this and the limit of the route applies. Absent: none.'),
  connect: duration().default('5s').describe('Limit for opening a connection, name look-up included. 0s: none.'),
  tlsHandshake: duration().default('5s').describe('Limit for the TLS handshake. 0s: none.'),
  dualStackFallback: duration()
    .default('300ms')
    .describe('Head start of the first address family before the other one is tried too.'),
  responseHeader: duration()
    .default('10s')
    .describe('Limit from the end of the request to the head of the response. 0s: none.'),
  expectContinue: duration()
    .default('1s')
    .describe('How long the body waits for a 100 answer when the client asked for one.'),
  idleConnection: duration().default('90s').describe('How long an unused connection is kept open. 0s: no limit.'),
})

const UpstreamTls = z
  .strictObject({
    mode: z
      .enum(['none', 'tls', 'mtls'])
      .default('none')
      .describe('none is clear text, tls verifies the server, mtls also shows a client certificate.'),
    cert: pem().optional().describe('Client certificate in PEM; required for mtls.'),
    key: pem().optional().describe('Private key of cert in PEM; required for mtls.'),
    ca: pem()
      .optional()
      .describe('PEM bundle that the server must be signed by. Absent: the authorities of the system.'),
    sni: hostAddress().optional().describe('Name that is asked for and verified. Absent: the host of the destination.'),
    ...tlsVersionBounds,
  })
  .check(versionOrder)
  .check((context) => {
    if (context.value.mode !== 'mtls') return
    for (const member of ['cert', 'key'] as const)
      if (context.value[member] === undefined)
        report(context, [member], { message: `tls.${member} is required when mode is "mtls"`, code: 'field.missing' })
  })

const Dns = z.strictObject({
  mode: z
    .enum(['strict', 'logical'])
    .default('strict')
    .describe('strict treats every address of the name as an endpoint, logical the whole name as one.'),
  refresh: duration({ min: '1s', max: '30s' })
    .optional()
    .describe('How often the name is looked up again, 1s to 30s. Absent: when the answer expires.'),
})

const Options = z.strictObject({
  timeouts: Timeouts.prefault({}).describe('Limits on how long the upstream may take.'),
  tls: UpstreamTls.optional().describe('TLS to the endpoints. Absent: clear text.'),
  endpointBalancing: EndpointBalancing.prefault({}).describe('How the endpoint for a request is chosen.'),
  circuitBreaker: CircuitBreaker.optional().describe(
    'Limits that protect the destination from overload. Absent: none.',
  ),
  healthCheck: HealthCheck.optional().describe('Probes of the endpoints. Absent: none.'),
  outlierDetection: OutlierDetection.optional().describe('Taking endpoints out that answer with errors. Absent: off.'),
  discovery: z
    .strictObject({ type: z.enum(['kubernetes']).describe('Where the endpoints come from.') })
    .optional()
    .describe('Where endpoints come from when they are not listed here.'),
  dns: Dns.prefault({}).describe('How the name of the host is looked up.'),
  http2: z
    .boolean()
    .default(false)
    .describe('HTTP/2 to the endpoints, as gRPC needs it; without TLS by prior knowledge.'),
  maxConnsPerHost: z.int().min(0).default(0).describe('Most connections to one endpoint. 0: no limit.'),
  panicThreshold: z
    .int()
    .min(0)
    .max(100)
    .default(0)
    .describe('When less than this share of the endpoints, in percent, is usable, health is ignored. 0: never.'),
  slowStart: duration().default('0s').describe('Time over which a new endpoint is given its full share. 0s: at once.'),
})

/** A service that requests can be forwarded to, and how it is treated. */
export const Destination = z
  .strictObject({
    ...common,
    host: hostAddress().describe('IP address or host name; also the name that TLS asks for and verifies.'),
    port: z.int().min(1).max(65535).describe('TCP port.'),
    endpoints: z
      .array(Endpoint)
      .optional()
      .describe('Where traffic really goes. Absent or empty: to host and port themselves.'),
    options: Options.prefault({}).describe('How the destination is connected to, balanced and watched.'),
  })
  .check((context) => {
    const { endpoints, options } = context.value
    const size = options.endpointBalancing.maglev.tableSize
    if (size > 1 && endpoints && endpoints.length >= size)
      report(context, ['options', 'endpointBalancing', 'maglev', 'tableSize'], {
        message: `a table of ${size} is too small for ${endpoints.length} endpoints`,
        code: 'maglev.size',
      })
  })

/** A destination with its defaults filled in. */
export type Destination = z.output<typeof Destination>
/** A destination as it is sent and stored. */
export type DestinationInput = z.input<typeof Destination>
