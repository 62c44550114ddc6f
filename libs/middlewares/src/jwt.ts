import { compileClaimsPredicate, compileClaimsValue } from '@vrata/cel'
import {
  celString,
  duration,
  entityId,
  exactlyOne,
  mutableHeaderName,
  pathString,
  pattern,
  presence,
  text,
} from '@vrata/model'
import { z } from 'zod'
import { CredentialSource } from './credential-source.ts'
import { checkKeySet } from './key-set.ts'
import { settingsOf } from './settings.ts'

/** Signature algorithms (RFC 7518, RFC 8037) that tokens may use. */
export const jwtAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const

const ClaimToHeader = z
  .strictObject({
    expr: celString(compileClaimsValue).optional().describe('CEL expression over claims, now and request.'),
    claim: pattern(/^[^.\p{Cc}]+(?:\.[^.\p{Cc}]+)*$/u, 'a claim such as "realm.name"', 'format.invalid')
      .optional()
      .describe('Name of a claim, in place of expr; a dot leads into an object.'),
    header: mutableHeaderName().describe('Header that is removed from the request and set to the value.'),
    required: z.boolean().default(false).describe('Without a value the request is refused with 403.'),
  })
  .check(exactlyOne(['expr', 'claim'], 'a claim header has exactly one of expr, claim'))

const keySource = 'jwt needs exactly one key source: jwksInline, or jwksDestinationId with jwksPath'

/** Requires a signed token (RFC 7519) and makes its claims known. */
export const Jwt = z
  .strictObject(
    {
      issuer: z.string().min(1).describe('Value that the claim iss must have.'),
      audiences: z
        .array(z.string().min(1))
        .default([])
        .describe('Values, one of which aud must hold. Empty: not checked.'),
      jwksDestinationId: entityId().optional().describe('Id of the destination that serves the key set.'),
      jwksPath: pathString({ absolute: true, query: true })
        .optional()
        .describe('Path of the key set on that destination.'),
      jwksInline: text(checkKeySet).optional().describe('The key set itself: JWKS text, or one public key in PEM.'),
      jwksRetrievalTimeout: duration({ min: '1ms' }).default('10s').describe('Limit for fetching the key set.'),
      jwksRefreshInterval: duration({ min: '1s' }).default('5m').describe('Time between two fetches of the key set.'),
      jwksMinRefetchInterval: duration({ min: '1s' })
        .default('10s')
        .describe('Shortest time between two fetches that tokens with unknown keys cause.'),
      jwksStaleIfError: duration()
        .default('24h')
        .describe('How long the last good key set is used while fetching fails.'),
      algorithms: z
        .array(z.enum(jwtAlgorithms))
        .min(1)
        .optional()
        .describe('Signature algorithms. Absent: all that fit the keys.'),
      leeway: duration({ max: '5m' }).default('0s').describe('Tolerance for exp, nbf and iat, at most 5m.'),
      maxTokenAge: duration({ min: '1ms' }).optional().describe('Longest time since iat, which is then required.'),
      maxTokenBytes: z.int().min(64).max(65_536).default(16_384).describe('Longest token in bytes.'),
      tokenSources: z
        .array(CredentialSource)
        .min(1)
        .default([{ header: 'authorization', scheme: 'Bearer' }])
        .describe('Where the token is looked for; the first place that has one counts.'),
      forwardJwt: z.boolean().default(false).describe('The upstream gets the token too.'),
      claimToHeaders: z.array(ClaimToHeader).default([]).describe('Claims that the upstream gets as headers.'),
      assertClaims: z
        .array(celString(compileClaimsPredicate))
        .default([])
        .describe('CEL expressions over claims, now and request that must all be true; else 403.'),
      closeOnExpiry: z.boolean().default(false).describe('Upgraded connections are closed when the token expires.'),
    },
    settingsOf('jwt'),
  )
  .check(
    presence((has, found) => {
      const remote = ['jwksDestinationId', 'jwksPath']
      if (!has('jwksInline') && !remote.some(has)) found(undefined, { message: keySource, code: 'field.missing' })
      for (const member of remote)
        if (has('jwksInline') && has(member)) found(member, { message: keySource, code: 'exclusive.fields' })
        else if (!has('jwksInline') && !has(member) && remote.some(has))
          found(member, { message: keySource, code: 'field.missing' })
    }),
  )
