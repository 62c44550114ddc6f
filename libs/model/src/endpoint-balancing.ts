import { z } from 'zod'
import { PinCookie, Sticky } from './cookie.ts'
import { headerName } from './formats/http.ts'
import { report } from './formats/text.ts'
import { exactlyOne } from './rules.ts'

/** Ways to choose the endpoint of a destination. */
export const endpointAlgorithms = ['ROUND_ROBIN', 'LEAST_REQUEST', 'RING_HASH', 'MAGLEV', 'RANDOM', 'STICKY'] as const

const HashPolicy = z
  .strictObject({
    header: z
      .strictObject({ name: headerName().describe('Name of the header.') })
      .optional()
      .describe('Hashes the value of a request header.'),
    cookie: PinCookie('endpointPin')
      .optional()
      .describe('Hashes the value of a cookie; it is set when the client has none.'),
    sourceIP: z
      .strictObject({ enabled: z.boolean().default(true).describe('false skips this entry.') })
      .optional()
      .describe('Hashes the address of the client.'),
  })
  .check(exactlyOne(['header', 'cookie', 'sourceIP'], 'a hash policy has exactly one of header, cookie, sourceIP'))

const hashPolicy = () =>
  z
    .array(HashPolicy)
    .default([])
    .describe('What is hashed; the first entry that yields a value counts. Empty: the address of the client.')

const RingSize = z
  .strictObject({
    min: z.int().min(1).max(8_388_608).default(1024).describe('Fewest points on the ring.'),
    max: z.int().min(1).max(8_388_608).default(8_388_608).describe('Most points on the ring.'),
  })
  .check((context) => {
    if (context.value.min > context.value.max)
      report(context, ['min'], { message: 'ringSize.min is greater than ringSize.max', code: 'range.invalid' })
  })

const minTableSize = 2
const maxTableSize = 5_000_011

const Maglev = z.strictObject({
  tableSize: z
    .int()
    .min(minTableSize)
    .max(maxTableSize)
    .check((context) => {
      const size = context.value
      if (size >= minTableSize && size <= maxTableSize && !isPrime(size))
        report(context, [], {
          message: `${size} is not a prime number`,
          code: 'maglev.size',
          suggestion: String(nextPrime(size)),
        })
    })
    .default(65_537)
    .describe('Slots of the look-up table: a prime number greater than the number of endpoints.'),
  hashPolicy: hashPolicy(),
})

/** How the endpoint for a request is chosen. */
export const EndpointBalancing = z.strictObject({
  algorithm: z.enum(endpointAlgorithms).default('ROUND_ROBIN').describe('How the endpoint for a request is chosen.'),
  ringHash: z
    .strictObject({
      ringSize: RingSize.prefault({}).describe('Bounds of the number of points on the ring.'),
      hashPolicy: hashPolicy(),
    })
    .prefault({})
    .describe('Settings of RING_HASH.'),
  maglev: Maglev.prefault({}).describe('Settings of MAGLEV.'),
  leastRequest: z
    .strictObject({
      choiceCount: z.int().min(1).max(100).default(2).describe('How many endpoints are compared for each request.'),
    })
    .prefault({})
    .describe('Settings of LEAST_REQUEST.'),
  sticky: Sticky('endpointPin').prefault({}).describe('Settings of STICKY.'),
})

function isPrime(candidate: number): boolean {
  if (candidate < 2) return false
  for (let divisor = 2; divisor * divisor <= candidate; divisor++) if (candidate % divisor === 0) return false
  return true
}

function nextPrime(from: number): number {
  let candidate = Math.max(2, from)
  while (!isPrime(candidate)) candidate++
  return candidate
}
