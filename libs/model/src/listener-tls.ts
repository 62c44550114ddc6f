import { getCiphers } from 'node:tls'
import { nearest } from '@vrata/notation'
import { z } from 'zod'
import { pem } from './formats/pem.ts'
import { quote, report, text } from './formats/text.ts'
import { presence } from './rules.ts'
import { tlsVersionBounds, versionOrder } from './tls-version.ts'

const knownCiphers = new Set(getCiphers().map((name) => name.toUpperCase()))

const CertificatePair = z.strictObject({
  cert: pem().describe('Certificate chain in PEM, the leaf first.'),
  key: pem().describe('Private key of the leaf in PEM.'),
})

const ClientAuth = z
  .strictObject({
    mode: z
      .enum(['', 'none', 'optional', 'require'], {
        error: (issue) =>
          `unknown clientAuth.mode ${quote(String(issue.input))}: must be "none", "optional", or "require"`,
      })
      .default('none')
      .describe('Whether clients are asked for a certificate: none, optional (one that is sent must verify), require.'),
    ca: pem().optional().describe('PEM bundle of the authorities that client certificates must come from.'),
    xfcc: z
      .enum(['uri', 'envoy'])
      .default('uri')
      .describe('Form of X-Forwarded-Client-Cert: uri lists the URI names, envoy writes Hash, Subject, URI and DNS.'),
  })
  .check((context) => {
    const { mode, ca } = context.value
    if ((mode === 'optional' || mode === 'require') && ca === undefined)
      report(context, ['ca'], { message: `clientAuth.ca is required when mode is "${mode}"`, code: 'field.missing' })
  })

/** TLS of a listener: which certificates it shows, which versions it speaks, whom it lets in. */
export const ListenerTls = z
  .strictObject({
    cert: pem()
      .optional()
      .describe('Certificate chain in PEM, the leaf first, shown when no other pair fits the requested name.'),
    key: pem().optional().describe('Private key of cert in PEM.'),
    certificates: z
      .array(CertificatePair)
      .optional()
      .describe('Further pairs, chosen by the name the client asks for: an exact name, then a wildcard.'),
    ...tlsVersionBounds,
    cipherSuites: z
      .array(
        text((value) =>
          knownCiphers.has(value.toUpperCase())
            ? undefined
            : {
                message: `${quote(value)} is not a cipher suite`,
                code: 'tls.cipher',
                suggestion: nearest(value, knownCiphers),
              },
        ),
      )
      .min(1)
      .optional()
      .describe(
        'Cipher suites by their OpenSSL names. Absent: those with forward secrecy and authenticated encryption.',
      ),
    clientAuth: ClientAuth.optional().describe('Certificates of clients. Absent: none are asked for.'),
  })
  .check(versionOrder)
  .check(
    presence((has, found) => {
      const pairs = has('certificates')
      if (pairs && !has('cert') && !has('key')) return
      for (const member of ['cert', 'key'])
        if (!has(member)) found(member, { message: `tls.${member} is required`, code: 'field.missing' })
    }),
  )
