import { z } from 'zod'
import { base64Key, complain, count, duration, optionalListenAddress, pemOrPath, text, url } from './fields.ts'
import { bothOrNeither } from './sections.ts'

const ClientTls = z
  .strictObject({
    cert: pemOrPath().optional(),
    key: pemOrPath().optional(),
    ca: pemOrPath().optional(),
    clientAuth: z.enum(['none', 'optional', 'require']).optional(),
  })
  .check((context) => bothOrNeither(context, 'cert', 'key'))

const controlPlaneUrl = url(['http:', 'https:'])

/** Paths are appended to these addresses, and what stands in them is logged. */
function plainAddresses(urls: readonly string[], context: z.RefinementCtx): void {
  for (const text of urls) {
    const { username, password } = new URL(text)
    if (username !== '' || password !== '') {
      complain(context, 'must not hold a user or password; the key for the control plane is proxy.apiKey')
    } else if (/[?#]/.test(text)) complain(context, 'must be without ? and #')
  }
}

/** A label as it travels in a header: both sides short, visible ASCII. */
const Labels = z.record(z.string().min(1).max(63), z.string().max(63)).superRefine((labels, context) => {
  for (const [key, value] of Object.entries(labels)) {
    if (/^[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$/.test(key) && /^[\x20-\x7e]*$/.test(value)) continue
    context.addIssue({ code: 'custom', path: [key], message: 'a label is a short name and printable ASCII text' })
  }
})

/** The members of the section `proxy`, so that the proxy program can demand one that the file may leave out. */
const members = {
  /** Control planes, tried in turn; the file may give one string. */
  controlPlaneUrl: z
    .union([controlPlaneUrl.transform((one) => [one]), z.array(controlPlaneUrl).min(1)], {
      error: 'must be a URL that begins with http:// or https://, or a list of them',
    })
    .superRefine(plainAddresses)
    .optional(),
  id: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._~@:-]{0,127}$/, { error: 'must be up to 128 letters, digits and . _ ~ @ : -' })
    .optional(),
  labels: Labels.default({}),
  reconnectInterval: duration({ positive: true }).default(5000),
  reconnectMax: duration({ positive: true }).default(30_000),
  /** Bytes of a body that expressions may see; 0 switches body access off. */
  celBodyMaxSize: count().default(65_536),
  tls: ClientTls.optional(),
  /** Travels in a header. Blanks around it are what a file with one line ends with. */
  apiKey: z
    .string()
    .trim()
    .regex(/^[\x20-\x7e]*$/, { error: 'must be one line of printable ASCII' })
    .default(''),
  storePath: text().default('/data'),
  encryption: z.strictObject({ key: base64Key() }).optional(),
  admin: z.strictObject({ address: optionalListenAddress().default('127.0.0.1:9901') }).prefault({}),
  /** How many processes serve traffic; `auto`: as many as the machine can run at one time. */
  workers: z.union([z.literal('auto'), z.int().min(1).max(256)]).default(1),
  streamDrain: duration().default(600_000),
  preStopDelay: duration().default(0),
  metrics: z.strictObject({ maxSeries: z.int().min(1).default(20_000) }).prefault({}),
}

function intervals(
  section: { readonly reconnectInterval: number; readonly reconnectMax: number },
  context: z.RefinementCtx,
): void {
  if (section.reconnectInterval <= section.reconnectMax) return
  context.addIssue({ code: 'custom', path: ['reconnectMax'], message: 'must not be shorter than reconnectInterval' })
}

/** The section `proxy` of the configuration file as the control plane checks it: nothing in it is required. */
export const ProxySection = z.strictObject(members).superRefine(intervals)
export type ProxySection = z.output<typeof ProxySection>

/** The section `proxy` as the proxy needs it: it must know a control plane. */
export const RunningProxySection = z
  .strictObject({ ...members, controlPlaneUrl: members.controlPlaneUrl })
  .superRefine(intervals)
  .transform((section, context) => {
    const { controlPlaneUrl: urls, ...others } = section
    if (urls === undefined) {
      complain(
        context,
        'controlPlaneUrl is required: the address of the control plane, for example http://127.0.0.1:8080',
      )
      return z.NEVER
    }
    return { ...others, controlPlaneUrl: urls }
  })
export type RunningProxySection = z.output<typeof RunningProxySection>
