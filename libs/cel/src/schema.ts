import { nearest } from '@vrata/notation'
import { ApiKeyView, BodyView, CertificateView, JwtView, RequestView, TlsView } from './request-view.ts'

/** A type of our own that expressions meet: its class at run time, its members and their CEL types. */
interface ObjectType {
  readonly ctor: new (...args: never[]) => object
  readonly fields: Readonly<Record<string, string>>
}

/** Every member that an expression can name; anything else is refused when the expression is compiled. */
export const objectTypes: Readonly<Record<string, ObjectType>> = {
  Request: {
    ctor: RequestView,
    fields: {
      method: 'string',
      path: 'string',
      host: 'string',
      scheme: 'string',
      query: 'string',
      clientIp: 'string',
      headers: 'map<string, string>',
      queryParams: 'map<string, string>',
      body: 'Body',
      tls: 'Tls',
    },
  },
  Body: { ctor: BodyView, fields: { raw: 'string', json: 'dyn', truncated: 'bool', size: 'int' } },
  Tls: { ctor: TlsView, fields: { peerCertificate: 'PeerCertificate' } },
  PeerCertificate: {
    ctor: CertificateView,
    fields: { uris: 'list<string>', dnsNames: 'list<string>', subject: 'string', serial: 'string' },
  },
  Jwt: { ctor: JwtView, fields: { claims: 'map<string, dyn>' } },
  ApiKey: { ctor: ApiKeyView, fields: { id: 'string', metadata: 'map<string, dyn>' } },
}

/** The variables of each kind of expression, with their types. */
export const variables = {
  /** route matches and conditions */
  request: { request: 'Request' },
  /** whatever runs after authentication */
  identity: { request: 'Request', jwt: 'Jwt', apiKey: 'ApiKey' },
  /** the assertions about a token and the headers made from it */
  claims: { claims: 'map<string, dyn>', now: 'int', request: 'Request' },
} as const satisfies Record<string, Readonly<Record<string, string>>>

/** What the variables of an expression are called as a set. */
export type Scope = keyof typeof variables

/** Members that may be absent: `has` of something inside them is false then, not an error. */
export const optionalMembers: ReadonlySet<string> = new Set([
  'request.body',
  'request.body.json',
  'request.tls',
  'jwt.claims',
  'apiKey.metadata',
])

/** The type of `root.a.b`, when all of it is declared. */
export function typeOfPath(scope: Scope, path: readonly string[]): string | undefined {
  const [root = '', ...members] = path
  let type = lookUp(variables[scope], root)
  for (const member of members) type = lookUp(objectTypes[type ?? '']?.fields ?? {}, member)
  return type
}

/** What is wrong with a name, and what was probably meant. */
export interface NameProblem {
  readonly message: string
  readonly suggestion: string | undefined
}

/** What is wrong when the last name of the path is not a member of what the others lead to. */
export function memberProblem(scope: Scope, path: readonly string[]): NameProblem | undefined {
  const parents = path.slice(0, -1)
  const name = path.at(-1) ?? ''
  const members = membersOf(typeOfPath(scope, parents) ?? '')
  if (members.length === 0 || members.includes(name)) return undefined
  const near = nearest(name, members)
  const parent = parents.join('.')
  return { message: `\`${parent}\` has no member \`${name}\``, suggestion: near && `${parent}.${near}` }
}

/** The names of the members of a type of ours; empty for other types. */
export function membersOf(type: string): readonly string[] {
  return Object.keys(objectTypes[type]?.fields ?? {})
}

function lookUp(table: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}
