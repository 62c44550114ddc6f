/**
 * Part of `npm run docs`: writes `docs/security/http.md`, whose tables are made from the reasons of the HTTP/1.1 codec. Its
 * test fails when the page is out of date.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type ReasonInfo, type ReasonScope, reasons } from '@vrata/http1'
import { root } from './workspace.ts'

/** Where the page is. */
export const securityFile = join(root, 'docs', 'security', 'http.md')

/** `error` of the answer by its status; all others are `bad_request`. */
const errorOf: Readonly<Record<number, string>> = {
  413: 'payload_too_large',
  414: 'uri_too_long',
  431: 'request_headers_too_large',
}

const all: readonly (readonly [string, ReasonInfo])[] = Object.entries(reasons)

function rows(scopes: readonly ReasonScope[], cells: (reason: string, info: ReasonInfo) => readonly string[]): string {
  return all
    .filter(([, { scope }]) => scopes.includes(scope))
    .map(([reason, info]) => `| ${cells(reason, info).join(' | ')} |`)
    .join('\n')
}

/** The page as it should be now. */
export function securityPage(): string {
  const requests = rows(['request', 'both'], (reason, { status, text, rfc }) => [
    `\`${reason}\``,
    text,
    `${status} \`${errorOf[status] ?? 'bad_request'}\``,
    rfc,
  ])
  const responses = rows(['response', 'both'], (reason, { text, rfc }) => [`\`${reason}\``, text, rfc])
  return `<!-- Written by \`npm run docs\` from the reasons of the HTTP/1.1 codec. Do not edit. -->

# What is refused, and why

Where two programs read the same bytes differently, a request can be smuggled past the one that checks it. So a proxy takes
only what has one meaning, and writes anew what it sends on: framing, Host and everything about connections are never
copied. What it refuses it names by a reason that does not change: it is \`reason\` in the answer, at the levels \`standard\`
and \`full\` of \`proxyErrors.detail\`, and the word to search for on this page.

## Requests on HTTP/1.1

A refused request is answered in JSON, and its connection closes: what follows it is not looked at.

| reason | what is refused | answer | rule |
|---|---|---|---|
${requests}

A connection that just ends inside of a request gets no answer: nobody is left to read it.

## Answers of upstreams on HTTP/1.1

They become \`502 upstream_protocol_error\`, or cut the connection to the client where the head of the answer is out already;
the connection to the upstream is never used again.

| reason | what is refused | rule |
|---|---|---|
${responses}

## Requests on HTTP/2

Frames are read by the platform's library. A head that breaks a rule resets its stream, or is answered
\`400 bad_request\`; the connection goes on.

| what is refused | rule |
|---|---|
| a pseudo header that is missing, unknown, given twice or stands behind others | RFC 9113, 8.3 |
| \`:path\` that does not begin with \`/\`, or has a fragment, a blank, a control character or a byte beyond ASCII | RFC 9113, 8.3.1 |
| \`:authority\` that is no host with an optional port, or differs from Host | RFC 9113, 8.3.1 |
| \`:method\` that is no token of at most 32 characters; CONNECT, but for WebSockets | RFC 9110, 9.1; RFC 8441 |
| \`:scheme\` that is neither \`http\` nor \`https\` | own rule |
| Connection, Keep-Alive, Proxy-Connection, Transfer-Encoding, Upgrade; TE that is not \`trailers\` | RFC 9113, 8.2.2 |
| a header name with upper-case letters | RFC 9113, 8.2.1 |
| Content-Length that is repeated, not digits, or not the length of the body | RFC 9113, 8.1.1 |
| an expectation that is not \`100-continue\` | RFC 9110, 10.1.1 |

A header line whose name or value has characters that cannot stand there is taken out by the library without a word, so
that nobody behind it sees the line.

Ended with the whole connection are floods: streams that are reset as fast as they are opened, CONTINUATION without end,
SETTINGS and PING without requests, empty DATA. A stream whose client opens no window is reset after
\`timeouts.clientResponse\`.

## Any version: the guard

Behind the protocol every request passes the guard, before routing, policies or logs see it.

| what | by default |
|---|---|
| a path with \`%2F\` | \`400\`; \`encodedSlash: keep\` lets it through as it is |
| a path with \`%00\`, \`%5C\`, \`\\\`, a broken escape, or that climbs above the root | \`400\` |
| dot segments, doubled slashes, escapes of plain characters | resolved: routing, policies and the upstream see one form |
| a target longer than \`limits.maxUrlBytes\` | \`414 uri_too_long\` |
| more lines than \`limits.maxHeaders\`, more bytes than \`maxRequestHeadersKB\` | \`431 request_headers_too_large\` |
| a body longer than \`limits.maxBodyBytes\`, declared or counted | \`413 payload_too_large\` |
| a header name with \`_\` | taken out; \`underscoreHeaders\` keeps it or answers \`400\` |
| \`X-Forwarded-*\` and \`Forwarded\` from a peer outside of \`trustedProxies\` | taken out |
| \`X-Forwarded-Client-Cert\` | taken out always; set from the verified certificate alone |
| hop-by-hop headers and those named in \`Connection\`, both ways | taken out; what the proxy itself sets cannot be named away |
`
}

/** Writes the page. */
function main(): void {
  mkdirSync(dirname(securityFile), { recursive: true })
  writeFileSync(securityFile, securityPage())
}

if (import.meta.main) main()
