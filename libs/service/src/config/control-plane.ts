import { z } from 'zod'
import {
  base64Key,
  complain,
  count,
  duration,
  durationOrEmpty,
  listenAddress,
  optionalListenAddress,
  parseHostPort,
  pemOrPath,
  remoteAddress,
  text,
  url,
} from './fields.ts'

const mebibyte = 1024 * 1024

const ServerTls = z
  .strictObject({
    cert: pemOrPath(),
    key: pemOrPath(),
    ca: pemOrPath().optional(),
    clientAuth: z.enum(['none', 'optional', 'require']).default('none'),
  })
  .superRefine((tls, context) => {
    if (tls.clientAuth === 'none' || tls.ca !== undefined) return
    context.addIssue({ code: 'custom', path: ['ca'], message: `is required when clientAuth is ${tls.clientAuth}` })
  })

const ApiKey = z.strictObject({
  name: text(),
  key: text(),
  role: z.enum(['read', 'write', 'proxy']).optional(),
})

const Auth = z.strictObject({
  apiKeys: z
    .array(ApiKey)
    .min(1, { error: 'must hold at least one key; leave auth out to run without keys' })
    .superRefine((keys, context) => {
      for (const field of ['name', 'key'] as const) {
        keys.forEach((entry, index) => {
          if (keys.findIndex((other) => other[field] === entry[field]) === index) return
          context.addIssue({
            code: 'custom',
            path: [index, field],
            message: `repeats the ${field} of an earlier entry`,
          })
        })
      }
    }),
})

const Encryption = z
  .strictObject({ key: base64Key().optional(), keys: z.array(base64Key()).min(1).optional() })
  .superRefine((encryption, context) => {
    if (encryption.key === undefined && encryption.keys === undefined) {
      complain(context, 'needs key or keys; leave encryption out to store in clear')
    }
    if (encryption.key !== undefined && encryption.keys !== undefined)
      complain(context, 'give either key or keys, not both')
  })
  .transform(({ key, keys }) => ({ keys: keys ?? (key === undefined ? [] : [key]) }))

const peer = z.string().superRefine((value, context) => {
  const [, address = ''] = /^[^=\s]+=(.+)$/.exec(value) ?? []
  if (!parseHostPort(address)?.host) complain(context, `${JSON.stringify(value)} is not id=host:port`)
})

const Raft = z
  .strictObject({
    nodeId: text(),
    bindAddress: listenAddress(),
    advertiseAddress: remoteAddress().optional(),
    clientAddress: listenAddress().optional(),
    peers: z.array(peer).default([]),
    discovery: z.strictObject({ dns: text().optional() }).prefault({}),
    expectedNodes: z.int().min(1).optional(),
    bootstrap: z.enum(['auto', 'existing']).default('auto'),
    binary: text().optional(),
    tls: z.strictObject({ cert: pemOrPath(), key: pemOrPath(), ca: pemOrPath() }).optional(),
  })
  .superRefine((raft, context) => {
    if (raft.peers.length > 0 || raft.discovery.dns !== undefined) return
    context.addIssue({ code: 'custom', path: ['peers'], message: 'is required unless discovery.dns is given' })
  })

const Etcd = z.strictObject({ endpoints: z.array(url(['http:', 'https:'])).min(1) })

const origin = url(['http:', 'https:']).superRefine((value, context) => {
  const exact = new URL(value).origin
  if (exact !== value) complain(context, 'must be an origin: scheme, host and port without a path', exact)
})

const directory = z.string().superRefine((value, context) => {
  if (!value.startsWith('/')) complain(context, 'must be an absolute directory')
})

/** The section `controlPlane` of the configuration file, defaults applied and durations in milliseconds. */
export const ControlPlaneSection = z
  .strictObject({
    address: listenAddress().default(':8080'),
    storePath: text().default('/data'),
    shutdownTimeout: duration().default(5000),
    tls: ServerTls.optional(),
    auth: Auth.optional(),
    encryption: Encryption.optional(),
    raft: Raft.optional(),
    etcd: Etcd.optional(),
    probes: z.strictObject({ address: optionalListenAddress().default('') }).prefault({}),
    limits: z
      .strictObject({
        bodyBytes: z.int().min(1).default(mebibyte),
        configBodyBytes: z
          .int()
          .min(1)
          .default(64 * mebibyte),
        requestTimeout: duration({ positive: true }).default(30_000),
        headerTimeout: duration({ positive: true }).default(10_000),
      })
      .prefault({}),
    secrets: z
      .strictObject({
        env: z.strictObject({ allow: z.array(text()).default([]) }).prefault({}),
        file: z.strictObject({ allow: z.array(directory).default([]) }).prefault({}),
      })
      .prefault({}),
    snapshots: z
      .strictObject({
        retention: z.strictObject({ maxCount: count().default(0), maxAge: durationOrEmpty() }).prefault({}),
      })
      .prefault({}),
    cors: z.strictObject({ allowOrigins: z.array(origin).default([]) }).prefault({}),
    fleet: z.strictObject({ heartbeatTimeout: duration({ positive: true }).default(45_000) }).prefault({}),
    audit: z.strictObject({ maxAge: duration({ positive: true }).default(90 * 24 * 3_600_000) }).prefault({}),
  })
  .superRefine((section, context) => {
    if (section.raft === undefined || section.etcd === undefined) return
    context.addIssue({ code: 'custom', path: ['etcd'], message: 'give either raft or etcd, not both' })
  })
export type ControlPlaneSection = z.output<typeof ControlPlaneSection>
