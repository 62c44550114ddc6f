/**
 * Where a reason can come up: in what a client sent, in what an upstream sent, in either; `write`: only in what our own side
 * wanted to write, where the others can come up too.
 */
export type ReasonScope = 'request' | 'response' | 'both' | 'write'

/** One line of the table of reasons. */
export interface ReasonInfo {
  /** Status to answer when a request is refused for it. A refused response is always answered with 502. */
  readonly status: number
  readonly scope: ReasonScope
  /** One sentence for logs, problem documents and the generated documentation. */
  readonly text: string
  /** Where the rule is written, or what it is when no RFC asks for it. */
  readonly rfc: string
}

/**
 * Every reason for which the codec refuses bytes or a call. The keys are public and stable: logs, metrics, error
 * bodies and the documentation use the same word.
 */
export const reasons = {
  // Lines
  control_character: {
    status: 400,
    scope: 'both',
    text: 'A control character stands in the head or in the trailers.',
    rfc: 'RFC 9110, 5.5',
  },
  bare_cr: {
    status: 400,
    scope: 'both',
    text: 'A carriage return is not followed by a line feed.',
    rfc: 'RFC 9112, 2.2',
  },
  bare_lf: { status: 400, scope: 'both', text: 'A line ends with a line feed alone.', rfc: 'RFC 9112, 2.2' },
  folded_line: {
    status: 400,
    scope: 'both',
    text: 'A line begins with white space (obsolete line folding).',
    rfc: 'RFC 9112, 5.2',
  },
  leading_empty_line: {
    status: 400,
    scope: 'both',
    text: 'Empty lines stand before the message (one is forgiven before a request).',
    rfc: 'RFC 9112, 2.2',
  },
  start_line_too_long: {
    status: 414,
    scope: 'both',
    text: 'The first line is longer than allowed.',
    rfc: 'RFC 9112, 3',
  },
  head_too_large: { status: 431, scope: 'both', text: 'The head is larger than allowed.', rfc: 'RFC 6585, 5' },
  too_many_fields: {
    status: 431,
    scope: 'both',
    text: 'The head has more header lines than allowed.',
    rfc: 'RFC 6585, 5',
  },
  truncated_head: { status: 400, scope: 'both', text: 'The connection ended inside a head.', rfc: 'RFC 9112, 8' },
  // Start lines
  request_line_malformed: {
    status: 400,
    scope: 'request',
    text: 'The request line is not "method SP target SP version".',
    rfc: 'RFC 9112, 3',
  },
  method_malformed: {
    status: 400,
    scope: 'request',
    text: 'The method is not a token of at most 32 characters.',
    rfc: 'RFC 9110, 9.1',
  },
  target_malformed: {
    status: 400,
    scope: 'request',
    text: 'The request target has a character or a form that no target can have.',
    rfc: 'RFC 9112, 3.2',
  },
  target_form_not_allowed: {
    status: 400,
    scope: 'request',
    text: 'The method can not be used with this form of target.',
    rfc: 'RFC 9112, 3.2',
  },
  version_malformed: {
    status: 400,
    scope: 'both',
    text: 'The protocol version is not written as "HTTP/" DIGIT "." DIGIT.',
    rfc: 'RFC 9112, 2.3',
  },
  version_unsupported: {
    status: 505,
    scope: 'both',
    text: 'Only HTTP/1.0 and HTTP/1.1 are spoken here.',
    rfc: 'RFC 9110, 15.6.6',
  },
  status_line_malformed: {
    status: 502,
    scope: 'response',
    text: 'The status line is not "version SP status SP reason".',
    rfc: 'RFC 9112, 4',
  },
  status_out_of_range: {
    status: 502,
    scope: 'response',
    text: 'The status code is not between 100 and 599.',
    rfc: 'RFC 9110, 15',
  },
  // Header lines
  field_line_malformed: { status: 400, scope: 'both', text: 'A header line has no colon.', rfc: 'RFC 9112, 5' },
  field_name_malformed: {
    status: 400,
    scope: 'both',
    text: 'A header name is empty or not a token.',
    rfc: 'RFC 9110, 5.1',
  },
  field_value_malformed: {
    status: 500,
    scope: 'write',
    text: 'A header value has a character that would break the message.',
    rfc: 'RFC 9110, 5.5',
  },
  field_reserved: { status: 500, scope: 'write', text: 'The codec writes this header itself.', rfc: 'own rule' },
  space_before_colon: {
    status: 400,
    scope: 'both',
    text: 'White space stands between a header name and its colon.',
    rfc: 'RFC 9112, 5.1',
  },
  host_missing: { status: 400, scope: 'request', text: 'An HTTP/1.1 request has no Host.', rfc: 'RFC 9112, 3.2' },
  host_repeated: { status: 400, scope: 'request', text: 'A request has more than one Host.', rfc: 'RFC 9112, 3.2' },
  host_malformed: {
    status: 400,
    scope: 'request',
    text: 'Host is not a host name or address with an optional port.',
    rfc: 'RFC 9112, 3.2',
  },
  host_contradicts_target: {
    status: 400,
    scope: 'request',
    text: 'Host and the authority of the target differ.',
    rfc: 'RFC 9112, 3.2.2',
  },
  connection_malformed: {
    status: 400,
    scope: 'both',
    text: 'Connection is not a list of tokens.',
    rfc: 'RFC 9110, 7.6.1',
  },
  upgrade_malformed: { status: 400, scope: 'both', text: 'Upgrade is not a list of protocols.', rfc: 'RFC 9110, 7.8' },
  expectation_unknown: {
    status: 417,
    scope: 'request',
    text: 'Expect is something else than 100-continue.',
    rfc: 'RFC 9110, 10.1.1',
  },
  // Framing
  content_length_malformed: {
    status: 400,
    scope: 'both',
    text: 'Content-Length is not made of digits only.',
    rfc: 'RFC 9110, 8.6',
  },
  content_length_repeated: {
    status: 400,
    scope: 'both',
    text: 'Content-Length is given more than once, equal or not.',
    rfc: 'RFC 9112, 6.3',
  },
  content_length_too_large: {
    status: 413,
    scope: 'both',
    text: 'Content-Length is 2^53 or more.',
    rfc: 'RFC 9110, 8.6',
  },
  transfer_encoding_unsupported: {
    status: 501,
    scope: 'both',
    text: 'Transfer-Encoding is something else than chunked.',
    rfc: 'RFC 9112, 6.1',
  },
  transfer_encoding_repeated: {
    status: 400,
    scope: 'both',
    text: 'Transfer-Encoding is given more than once.',
    rfc: 'RFC 9112, 6.1',
  },
  transfer_encoding_on_http10: {
    status: 400,
    scope: 'both',
    text: 'Transfer-Encoding stands in an HTTP/1.0 message.',
    rfc: 'RFC 9112, 6.1',
  },
  length_and_encoding: {
    status: 400,
    scope: 'both',
    text: 'Content-Length and Transfer-Encoding stand in one message.',
    rfc: 'RFC 9112, 6.3',
  },
  chunk_size_malformed: {
    status: 400,
    scope: 'both',
    text: 'A chunk size is not hexadecimal digits followed by the end of the line or an extension.',
    rfc: 'RFC 9112, 7.1',
  },
  chunk_size_too_large: {
    status: 413,
    scope: 'both',
    text: 'A chunk size has more digits than allowed.',
    rfc: 'RFC 9112, 7.1',
  },
  chunk_extension_malformed: {
    status: 400,
    scope: 'both',
    text: 'A chunk extension does not follow its grammar.',
    rfc: 'RFC 9112, 7.1.1',
  },
  chunk_extensions_too_large: {
    status: 413,
    scope: 'both',
    text: 'The chunk extensions of one body take more bytes than allowed.',
    rfc: 'RFC 9112, 7.1.1',
  },
  chunk_end_missing: {
    status: 400,
    scope: 'both',
    text: 'The data of a chunk is not followed by the end of the line.',
    rfc: 'RFC 9112, 7.1',
  },
  trailers_too_large: {
    status: 431,
    scope: 'both',
    text: 'The trailer section is larger than allowed.',
    rfc: 'RFC 9112, 7.1.2',
  },
  too_many_trailers: {
    status: 431,
    scope: 'both',
    text: 'The trailer section has more lines than allowed.',
    rfc: 'RFC 9112, 7.1.2',
  },
  trailer_forbidden: {
    status: 400,
    scope: 'both',
    text: 'A trailer field would change framing, routing or the connection.',
    rfc: 'RFC 9110, 6.5.1',
  },
  truncated_body: { status: 400, scope: 'both', text: 'The connection ended inside a body.', rfc: 'RFC 9112, 8' },
  // Course of the connection
  buffer_overflow: {
    status: 400,
    scope: 'both',
    text: 'More bytes arrived than may wait while the connection is paused.',
    rfc: 'own rule',
  },
  unexpected_switch: {
    status: 502,
    scope: 'response',
    text: 'The protocol was switched without being asked, or to another one.',
    rfc: 'RFC 9110, 7.8',
  },
  too_many_informational: {
    status: 502,
    scope: 'response',
    text: 'More 1xx responses came before the final one than allowed.',
    rfc: 'own rule',
  },
  unsolicited_bytes: {
    status: 502,
    scope: 'response',
    text: 'Bytes came that no request had asked for.',
    rfc: 'RFC 9112, 9.2',
  },
  closed_before_response: {
    status: 502,
    scope: 'response',
    text: 'The connection ended before a response began.',
    rfc: 'RFC 9112, 9.5',
  },
  out_of_turn: {
    status: 500,
    scope: 'write',
    text: 'The codec was called in a state that does not allow it.',
    rfc: 'own rule',
  },
  body_not_allowed: {
    status: 400,
    scope: 'request',
    text: 'This message can not have a body.',
    rfc: 'RFC 9110, 6.4.1',
  },
  body_length_differs: {
    status: 500,
    scope: 'write',
    text: 'The body is longer or shorter than the declared length.',
    rfc: 'RFC 9110, 8.6',
  },
} as const satisfies Record<string, ReasonInfo>

/** A stable word for one way in which a message or a call is wrong. */
export type Reason = keyof typeof reasons

/** The event that ends reading: the peer broke a rule. Nothing more is read from this connection. */
export interface Refused {
  readonly kind: 'refused'
  readonly reason: Reason
  /** What to answer: the reason's own status for a request, 502 for a response. */
  readonly status: number
  readonly text: string
}

function table(isRequest: boolean): ReadonlyMap<string, Refused> {
  const made = new Map<string, Refused>()
  for (const [reason, { status, text }] of Object.entries(reasons)) {
    made.set(
      reason,
      Object.freeze({ kind: 'refused', reason: reason as Reason, status: isRequest ? status : 502, text }),
    )
  }
  return made
}

const refusedRequests = table(true)
const refusedResponses = table(false)

/** The event for a reason; made once per reason, so that a flood of bad requests allocates nothing. */
export function refused(reason: Reason, side: 'request' | 'response'): Refused {
  const event = (side === 'request' ? refusedRequests : refusedResponses).get(reason)
  if (event === undefined) throw new TypeError(`unknown reason ${reason}`)
  return event
}

/** Thrown by everything that writes, when the caller asks for bytes that must never be on a wire. Nothing was written then. */
export class WriteError extends Error {
  override readonly name = 'WriteError'
  readonly reason: Reason

  constructor(reason: Reason, detail?: string) {
    super(detail === undefined ? reasons[reason].text : `${reasons[reason].text} (${detail})`)
    this.reason = reason
  }
}
