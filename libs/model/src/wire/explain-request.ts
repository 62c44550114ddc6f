import { z } from 'zod'
import { ipAddress } from '../formats/address.ts'
import { headerName, headerValue, httpMethod } from '../formats/http.ts'
import { report } from '../formats/text.ts'

const Certificate = z.strictObject({
  uris: z.array(z.string()).default([]).describe('Its URI names.'),
  dnsNames: z.array(z.string()).default([]).describe('Its DNS names.'),
  subject: z.string().default('').describe('Its subject as text: CN=agent-a,O=myorg.'),
  serial: z.string().default('').describe('Its serial number: hexadecimal, lower case, no leading zeros.'),
  hash: z
    .string()
    .regex(/^[0-9a-f]{64}$/, { error: 'expected 64 hexadecimal digits in lower case' })
    .optional()
    .describe('SHA-256 of its DER form: hexadecimal, lower case. Absent: X-Forwarded-Client-Cert is told without it.'),
})

const Tls = z.strictObject({
  peerCertificate: Certificate.optional().describe('The certificate that the client showed. Absent: none.'),
})

/** A request that somebody describes, to be told what would become of it. */
export const ExplainRequest = z
  .strictObject({
    method: httpMethod().default('GET').describe('Method of the request.'),
    scheme: z.enum(['http', 'https']).optional().describe('Absent: that of the listener.'),
    host: z.string().optional().describe('Host, perhaps with a port. Absent: the header host, else localhost.'),
    path: z.string().default('/').describe('Path as a client would send it; it may carry a query behind "?".'),
    headers: z
      .record(headerName(), z.union([headerValue(), z.array(headerValue())]))
      .default({})
      .describe('Headers; a list for a header that is sent several times.'),
    query: z.string().optional().describe('Query without "?", if it does not stand in the path.'),
    body: z.string().optional().describe('Body as text.'),
    clientIp: ipAddress().default('127.0.0.1').describe('Address that connects to the listener.'),
    listenerId: z
      .string()
      .optional()
      .describe('Listener that the request comes in on. Absent: the first, by id, that takes its host.'),
    tls: z
      .union([z.boolean(), Tls])
      .optional()
      .describe('Whether the connection is encrypted, and the certificate of the client. Absent: as the listener is.'),
    source: z
      .string()
      .default('active')
      .describe('What is asked: active (what is staged while nothing is active), staged, or the id of a snapshot.'),
    seed: z
      .int()
      .min(0)
      .max(4_294_967_295)
      .optional()
      .describe('Makes random choices repeatable. Absent: a different one each time, which is told.'),
  })
  .check((context) => {
    const { path, query, headers, host, scheme, tls } = context.value
    if (query !== undefined && path.includes('?'))
      report(context, ['query'], { message: 'the path has a query already', code: 'exclusive.fields' })
    const named = Object.keys(headers).find((name) => name.toLowerCase() === 'host')
    if (named !== undefined && host !== undefined)
      report(context, ['headers', named], {
        message: 'host and the header host exclude each other',
        code: 'exclusive.fields',
      })
    if (tls !== undefined && scheme !== undefined && (tls !== false) !== (scheme === 'https'))
      report(context, ['tls'], { message: `contradicts the scheme ${scheme}`, code: 'exclusive.fields' })
  })

/** A described request with its defaults filled in. */
export type ExplainRequest = z.output<typeof ExplainRequest>
/** A described request as it is sent. */
export type ExplainRequestInput = z.input<typeof ExplainRequest>
