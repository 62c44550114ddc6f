import type { Case } from './cases.ts'
import type { Verdict } from './node-oracle.ts'

/** How our reading relates to node's: we refuse what it takes, we take what it refuses, or both read another message. */
export type Relation = 'stricter' | 'laxer' | 'other'

/** A known difference between this codec and llhttp with the checks that node:http puts around it. */
export interface Difference {
  readonly what: string
  readonly relation: Relation
  readonly why: string
  /** Names of the cases that show it; all of them are kept as tests. */
  readonly cases: readonly string[]
}

/** Every difference. The README shows this table; a test holds both, and the programs, together. */
export const differences: readonly Difference[] = [
  {
    what: 'Request line without a version, or HTTP/0.9',
    relation: 'stricter',
    why: 'HTTP/0.9 has no head to check; a smuggled half line would count as a request. RFC 9112, 2.3 and 3.',
    cases: ['no version (HTTP/0.9)', 'HTTP/0.9'],
  },
  {
    what: 'Versions and protocols that are not HTTP/1.0 or HTTP/1.1',
    relation: 'stricter',
    why: 'llhttp takes RTSP and ICE lines, and HTTP/2.0 in a status line. RFC 9112, 2.3.',
    cases: ['another protocol', 'HTTP/2.0'],
  },
  {
    what: 'More than one space between the parts of a request line',
    relation: 'stricter',
    why: 'The grammar has single spaces; lenient splitting lets two readers see two targets. RFC 9112, 3.',
    cases: ['two spaces before the target', 'two spaces before the version'],
  },
  {
    what: '`#` in a request target',
    relation: 'stricter',
    why: 'A fragment is never sent; readers cut the path at different places. RFC 9112, 3.2.',
    cases: ['a fragment in the target'],
  },
  {
    what: 'Forms of target that do not fit the method',
    relation: 'stricter',
    why: '`*` is for OPTIONS, host and port for CONNECT. RFC 9112, 3.2.3 and 3.2.4.',
    cases: ['* for another method than OPTIONS', 'CONNECT with a path', 'CONNECT without a port'],
  },
  {
    what: 'Absolute targets with user information, another scheme, or no host',
    relation: 'stricter',
    why: 'They name something that is not an http(s) resource of ours. RFC 9110, 4.2.',
    cases: [
      'an absolute target with user information',
      'an absolute target of another scheme',
      'an absolute target without a host',
    ],
  },
  {
    what: 'A target whose authority contradicts Host',
    relation: 'stricter',
    why: 'One reader routes by the target, the next by Host. The RFC lets the target win; refusing is safer. RFC 9112, 3.2.2.',
    cases: [
      'an absolute target that contradicts Host',
      'an absolute target whose port contradicts Host',
      'CONNECT to elsewhere than Host',
    ],
  },
  {
    what: 'CONNECT without Host',
    relation: 'stricter',
    why: 'Every HTTP/1.1 request has one. RFC 9112, 3.2.',
    cases: ['CONNECT without Host'],
  },
  {
    what: 'Control characters in a reason phrase',
    relation: 'stricter',
    why: 'The phrase is passed on and logged. RFC 9112, 4.',
    cases: ['a form feed in the reason phrase'],
  },
  {
    what: 'A chunk extension with `=` and no value',
    relation: 'stricter',
    why: 'The grammar has no empty value. RFC 9112, 7.1.1.',
    cases: ['a chunk extension without a value'],
  },
  {
    what: 'More than one Host',
    relation: 'stricter',
    why: 'node takes the first and drops the others. RFC 9112, 3.2.',
    cases: ['two Hosts', 'two equal Hosts', 'two Hosts on HTTP/1.0'],
  },
  {
    what: 'Host that is no host name or address with a port',
    relation: 'stricter',
    why: 'RFC 9112, 3.2. Narrower than RFC 3986: no percent-encoding, no sub-delimiters, no empty port, no empty label, so that no list or path can hide in it.',
    cases: [
      'an empty Host',
      'Host as a list',
      'Host with a path',
      'Host with user information',
      'Host with an empty port',
      'Host with a port above 65535',
      'Host with two ports',
      'Host with a space',
      'Host with percent-encoding',
      'Host with bytes above 127',
      'Host with an open bracket',
      'Host with a bad address in brackets',
      'Host with an empty label',
    ],
  },
  {
    what: 'Empty lines before a message',
    relation: 'stricter',
    why: 'One CRLF before a request is forgiven, none before a response, and never a bare LF. RFC 9112, 2.2.',
    cases: ['two empty lines before the request', 'a bare LF before the request', 'an empty line before the response'],
  },
  {
    what: 'Connection or Upgrade that is no list of tokens or protocols',
    relation: 'stricter',
    why: 'What can not be read can not be removed or obeyed. RFC 9110, 7.6.1 and 7.8.',
    cases: [
      'Connection that is no list of tokens',
      'close with a no-break space',
      'close with a no-break space in a list',
      'Upgrade that is no list of protocols',
    ],
  },
  {
    what: 'Transfer-Encoding on HTTP/1.0',
    relation: 'stricter',
    why: 'A reader of HTTP/1.0 does not know it and sees another message. RFC 9112, 6.1.',
    cases: ['chunked on HTTP/1.0'],
  },
  {
    what: 'Other codings than chunked in a response',
    relation: 'stricter',
    why: 'Only chunked is understood; llhttp reads such a body up to the end of the connection. RFC 9112, 6.1 and 7.',
    cases: ['identity', 'a transfer coding of our own', 'identity, then chunked, in two lines'],
  },
  {
    what: 'A body in CONNECT',
    relation: 'stricter',
    why: 'Whoever counts a body and whoever begins the tunnel at once see two streams. RFC 9110, 9.3.6.',
    cases: ['CONNECT with a body'],
  },
  {
    what: 'Host and Connection in trailers',
    relation: 'stricter',
    why: 'llhttp refuses framing fields there, but not these. RFC 9110, 6.5.1.',
    cases: ['Host in the trailers', 'Connection in the trailers'],
  },
  {
    what: 'Other fields that must not stand in trailers',
    relation: 'other',
    why: 'They are left out; llhttp delivers them. RFC 9110, 6.5.1.',
    cases: ['trailers that are left out'],
  },
  {
    what: 'Status codes below 100 or above 599',
    relation: 'stricter',
    why: 'They have no class, so nobody can know whether a body follows. RFC 9110, 15.',
    cases: ['status 099', 'status 600'],
  },
  {
    what: '101 that was not asked for, to another protocol, or to none',
    relation: 'stricter',
    why: 'node leaves the check to the program. RFC 9110, 7.8 and 15.2.2.',
    cases: ['101 that nobody asked for', '101 to another protocol', '101 without Upgrade'],
  },
  {
    what: 'Bytes behind a response whose connection could be kept',
    relation: 'stricter',
    why: 'node drops them with the connection; here the refusal says that an answer to nobody came. RFC 9112, 9.2.',
    cases: ['a second response'],
  },
  {
    what: 'Methods that are not in a list',
    relation: 'laxer',
    why: 'Any token of at most 32 characters is a method; a gateway passes on what it does not know. RFC 9110, 9.1.',
    cases: ['a method of our own'],
  },
  {
    what: 'Bytes behind a request with `Connection: close`',
    relation: 'laxer',
    why: 'They are dropped unread; the request itself is in order. RFC 9112, 9.6.',
    cases: ['close stops the reading'],
  },
  {
    what: '`close` beside `keep-alive`',
    relation: 'other',
    why: 'close wins, and what follows is not read; llhttp goes by the last line. RFC 9112, 9.3.',
    cases: ['close wins over keep-alive'],
  },
  {
    what: 'White space around `;` and `=` of chunk extensions',
    relation: 'laxer',
    why: 'A recipient must parse it where the grammar has it. Extensions are never passed on. RFC 9112, 7.1.1; RFC 9110, 5.6.3.',
    cases: ['chunk extensions with white space where history has it'],
  },
  {
    what: 'A tab behind `chunked` in a request',
    relation: 'laxer',
    why: 'White space around a value does not belong to it; what is written on has none. RFC 9110, 5.5.',
    cases: ['chunked before a tab'],
  },
  {
    what: 'A tab behind `chunked` in a response',
    relation: 'other',
    why: 'llhttp does not see that it is chunked and reads up to the end of the connection. RFC 9110, 5.5.',
    cases: ['chunked before a tab'],
  },
  {
    what: 'The body of a request with Upgrade',
    relation: 'other',
    why: 'It is read as the body; node hands it over as bytes of the new protocol. RFC 9110, 7.8.',
    cases: ['an upgrade with a body', 'CL.0 through an upgrade'],
  },
  {
    what: 'The body of a refused CONNECT',
    relation: 'other',
    why: 'Only 2xx opens a tunnel; node hands over whatever follows any status. RFC 9110, 9.3.6.',
    cases: ['4xx to CONNECT: no tunnel'],
  },
]

/** How two readings relate; undefined when they agree. */
export function relate(own: Verdict, other: Verdict): Relation | undefined {
  const ownAccepts = own.outcome === 'accepted'
  if (ownAccepts !== (other.outcome === 'accepted')) return ownAccepts ? 'laxer' : 'stricter'
  if (!ownAccepts) return undefined
  const same = JSON.stringify(own.messages) === JSON.stringify(other.messages) && own.raw === other.raw
  return same ? undefined : 'other'
}

/** The known differences that a case shows. */
export function knownDifferences({ name }: Case): Difference[] {
  return differences.filter(({ cases }) => cases.includes(name))
}

/** Our reasons behind the rows that are `stricter`. */
const stricterReasons = new Set<string>([
  ...['bare_cr', 'bare_lf', 'leading_empty_line', 'truncated_head', 'request_line_malformed', 'version_malformed'],
  ...['version_unsupported', 'target_malformed', 'target_form_not_allowed', 'host_contradicts_target', 'host_missing'],
  ...['host_repeated', 'host_malformed', 'connection_malformed', 'upgrade_malformed', 'expectation_unknown'],
  ...['content_length_too_large', 'transfer_encoding_on_http10', 'transfer_encoding_unsupported'],
  ...['transfer_encoding_repeated', 'body_not_allowed', 'trailer_forbidden', 'chunk_extension_malformed'],
  ...['status_out_of_range', 'unexpected_switch', 'unsolicited_bytes', 'control_character'],
  ...['too_many_fields', 'too_many_trailers', 'too_many_informational', 'chunk_size_too_large'],
])

function withoutTrailers(messages: Verdict['messages']): string {
  return JSON.stringify(messages.map((message) => ({ ...message, trailers: [] })))
}

/** Whether only trailers differ, because some were left out, or we stopped at a `close` that the other did not heed. */
function isKnownOther(own: Verdict, other: Verdict): boolean {
  const count = own.final === true ? own.messages.length : other.messages.length
  return withoutTrailers(own.messages) === withoutTrailers(other.messages.slice(0, count))
}

const chunkedBeforeTab = /\ntransfer-encoding:[\t ]*chunked *\t/i

/** Whether a difference in the reading of arbitrary bytes is one of the table. */
export function isExplained(own: Verdict, other: Verdict, bytes: Buffer): boolean {
  const relation = relate(own, other)
  if (relation === undefined) return true
  // Where node hands over the connection, it reads no body: neither that of CONNECT nor that beside Upgrade.
  if (other.raw !== undefined && relation !== 'laxer') return true
  if (chunkedBeforeTab.test(bytes.toString('latin1'))) return true
  if (relation === 'other') return isKnownOther(own, other)
  if (relation === 'stricter') return stricterReasons.has(own.outcome)
  if (other.outcome === 'HPE_INVALID_METHOD' || other.outcome === 'HPE_CLOSED_CONNECTION') return true
  const atExtension = other.outcome === 'HPE_INVALID_CHUNK_SIZE' || other.outcome === 'HPE_STRICT'
  return own.final === true || atExtension
}
