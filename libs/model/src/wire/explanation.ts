import { z } from 'zod'

const Named = z.object({ id: z.string(), name: z.string() })

const Source = z.object({
  kind: z.enum(['active', 'staged', 'snapshot']),
  id: z.string().describe('Id of the snapshot, or staged.'),
  hash: z.string().describe('Fingerprint of its content.'),
})

const SeenRequest = z.object({
  method: z.string(),
  scheme: z.enum(['http', 'https']),
  host: z.string().describe('Lower case, without port.'),
  path: z.string().describe('The one form of the path that routes are matched on.'),
  query: z.string(),
  clientIp: z.string().describe('Address of the client: behind trusted proxies the one they name.'),
})

const Refusal = z.object({
  status: z.int().describe('Status that a proxy answers.'),
  error: z.string().describe('The word by which the answer calls it.'),
  message: z.string(),
})

const Candidate = z.object({
  route: Named,
  group: Named.exactOptional().describe('The group under which it is asked. Absent: none.'),
  result: z.enum(['rejected', 'matched', 'not_reached']),
  failed: z
    .object({
      predicate: z.enum(['host', 'path', 'listener', 'method', 'grpc', 'header', 'query', 'cel']),
      expected: z.string().describe('The condition.'),
      actual: z.string().describe('What the request has.'),
    })
    .exactOptional()
    .describe('Of a rejected one, the first condition that does not hold.'),
})

const Condition = z.object({
  condition: z.string().describe('Its place, such as skipWhen[0].'),
  expression: z.string(),
  result: z.enum(['true', 'false', 'error']),
  error: z.string().exactOptional().describe('Why it cannot be evaluated.'),
})

const ChainMember = z.object({
  id: z.string(),
  name: z.string(),
  type: z.string(),
  from: z.enum(['group', 'route']).describe('Who attaches it.'),
  runs: z.boolean(),
  because: z.string(),
  conditions: z.array(Condition),
})

const Forwarding = z.object({
  kind: z.literal('forward'),
  rewrite: z
    .object({ path: z.string(), query: z.string(), host: z.string() })
    .describe('What is sent to the destination, rewritten or not.'),
  destinations: z.array(Named.extend({ share: z.number().describe('Share of the requests, from 0 to 1.') })),
  chosen: z
    .object({
      destinationId: z.string(),
      endpoint: z.string().describe('host:port'),
      why: z.string(),
      seed: z.int().describe('What random choices were made with.'),
    })
    .describe('What would be chosen if every endpoint were healthy.'),
})

const Redirecting = z.object({ kind: z.literal('redirect'), status: z.int(), location: z.string() })

const Responding = z.object({
  kind: z.literal('directResponse'),
  status: z.int(),
  headers: z.record(z.string(), z.string()),
  bodyBytes: z.int().describe('Length of the body.'),
})

/** What would become of a request, and why; the answer of `POST /explain`. */
export const Explanation = z.object({
  source: Source.describe('What was asked.'),
  matched: z.boolean().describe('Whether a route takes the request.'),
  listener: Named.nullable().describe('The listener it comes in on; null when there is none.'),
  request: SeenRequest.exactOptional().describe(
    'The request as routes and policies see it; absent when it is refused.',
  ),
  refusal: Refusal.exactOptional().describe('Why a proxy answers the request before any route is asked.'),
  route: Named.nullable(),
  group: Named.nullable(),
  candidates: z.array(Candidate).describe('The routes in the order in which they are asked, at most 200 of them.'),
  omitted: z.int().exactOptional().describe('How many more routes there are.'),
  middlewares: z.array(ChainMember).describe('Those of the route, the outermost first, disabled ones too.'),
  action: z.discriminatedUnion('kind', [Forwarding, Redirecting, Responding]).nullable(),
})
/** What would become of a request, and why. */
export type Explanation = z.output<typeof Explanation>
