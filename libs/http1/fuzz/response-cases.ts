import { type Case, client, head, table } from './cases.ts'

const toHead = { role: 'client', method: 'HEAD' } as const
const toConnect = { role: 'client', method: 'CONNECT' } as const
const toUpgrade = { role: 'client', upgrade: 'websocket, foo/2' } as const

function ok(...lines: string[]): string {
  return head('HTTP/1.1 200 OK', ...lines)
}

function chunkedOk(body: string): string {
  return ok('Transfer-Encoding: chunked') + body
}

/** Responses that must be read. */
export const goodResponses: readonly Case[] = table(client, [
  ['a body of declared length', `${ok('Content-Length: 5')}hello`, 'accepted'],
  ['an empty body', ok('Content-Length: 0'), 'accepted'],
  ['a chunked body with trailers', chunkedOk('5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n'), 'accepted'],
  ['chunked before a tab', `${ok('Transfer-Encoding: chunked\t')}1\r\nx\r\n0\r\n\r\n`, 'accepted'],
  ['a body up to the end of the connection', `${ok('Content-Type: x')}hello`, 'accepted'],
  ['nothing up to the end of the connection', ok(), 'accepted'],
  ['HTTP/1.0', `${head('HTTP/1.0 200 OK', 'Content-Length: 2')}hi`, 'accepted'],
  ['HTTP/1.0 that stays', `${head('HTTP/1.0 200 OK', 'Content-Length: 2', 'Connection: keep-alive')}hi`, 'accepted'],
  ['no reason phrase', head('HTTP/1.1 200 ', 'Content-Length: 0'), 'accepted'],
  ['no reason phrase and no space', head('HTTP/1.1 200', 'Content-Length: 0'), 'accepted'],
  ['a reason phrase of odd bytes', head('HTTP/1.1 404 \tn\xf6t  here: at all', 'Content-Length: 0'), 'accepted'],
  ['close', ok('Content-Length: 0', 'Connection: close'), 'accepted'],
  ['204', head('HTTP/1.1 204 No Content'), 'accepted'],
  ['204 with a length of 0', head('HTTP/1.1 204 No Content', 'Content-Length: 0'), 'accepted'],
  ['204 that announces a body: closed after it', head('HTTP/1.1 204 No Content', 'Content-Length: 5'), 'accepted'],
  ['204 in chunks: closed after it', head('HTTP/1.1 204 No Content', 'Transfer-Encoding: chunked'), 'accepted'],
  ['304 with the length of what it stands for', head('HTTP/1.1 304 Not Modified', 'Content-Length: 500'), 'accepted'],
  ['an answer to HEAD with a length', ok('Content-Length: 500'), 'accepted', toHead],
  ['an answer to HEAD in chunks', ok('Transfer-Encoding: chunked'), 'accepted', toHead],
  [
    '100 and 103 before the answer',
    `${head('HTTP/1.1 100 Continue')}${head('HTTP/1.1 103 Early Hints', 'Link: </a>')}${ok('Content-Length: 0')}`,
    'accepted',
  ],
  [
    '1xx with a length of 0',
    `${head('HTTP/1.1 100 Continue', 'Content-Length: 0')}${ok('Content-Length: 0')}`,
    'accepted',
  ],
  [
    '1xx that announces a body: closed after the answer',
    `${head('HTTP/1.1 100 Continue', 'Content-Length: 1')}${ok('Content-Length: 0')}`,
    'accepted',
  ],
  [
    '101',
    `${head('HTTP/1.1 101 Switching Protocols', 'Connection: upgrade', 'Upgrade: WebSocket')}raw`,
    'accepted',
    toUpgrade,
  ],
  ['200 where an upgrade was offered', ok('Content-Length: 0'), 'accepted', toUpgrade],
  ['2xx to CONNECT: a tunnel, whatever the lengths say', `${ok('Content-Length: 5')}tunnel`, 'accepted', toConnect],
  ['4xx to CONNECT: no tunnel', `${head('HTTP/1.1 403 Forbidden', 'Content-Length: 2')}no`, 'accepted', toConnect],
  ['Host and Expect, which mean nothing here', ok('Host: a', 'Host: b', 'Expect: x', 'Content-Length: 0'), 'accepted'],
  ['header lines of one name', ok('Set-Cookie: a', 'Content-Length: 0', 'set-cookie: b'), 'accepted'],
])

/** Responses that break a rule. */
export const badResponses: readonly Case[] = table(client, [
  ['nothing at all', '', 'closed_before_response'],
  ['a head cut off', 'HTTP/1.1 200 OK\r\nContent-Le', 'truncated_head'],
  ['1xx and nothing more', head('HTTP/1.1 100 Continue'), 'closed_before_response'],
  ['a body cut off', `${ok('Content-Length: 5')}hell`, 'truncated_body'],
  ['a chunked body cut off', chunkedOk('5\r\nhello\r\n0\r\n'), 'truncated_body'],
  ['an empty line before the response', `\r\n${ok('Content-Length: 0')}`, 'leading_empty_line'],
  ['HTTP/2.0', head('HTTP/2.0 200 OK'), 'version_unsupported'],
  ['HTTP/1.2', head('HTTP/1.2 200 OK'), 'version_unsupported'],
  ['a lower-case version', head('http/1.1 200 OK'), 'version_malformed'],
  ['no HTTP', head('ICY 200 OK'), 'version_malformed'],
  ['HTTP/1.10', head('HTTP/1.10 200 OK'), 'status_line_malformed'],
  ['two spaces before the status', head('HTTP/1.1  200 OK'), 'status_line_malformed'],
  ['a status of two digits', head('HTTP/1.1 20 OK'), 'status_line_malformed'],
  ['a status of four digits', head('HTTP/1.1 2000 OK'), 'status_line_malformed'],
  ['a status that is no number', head('HTTP/1.1 2x0 OK'), 'status_line_malformed'],
  ['no status', head('HTTP/1.1'), 'status_line_malformed'],
  ['a reason phrase behind a tab', head('HTTP/1.1 200\tOK'), 'status_line_malformed'],
  ['status 099', head('HTTP/1.1 099 Low'), 'status_out_of_range'],
  ['status 600', head('HTTP/1.1 600 High'), 'status_out_of_range'],
  ['bare LF everywhere', ok('Content-Length: 0').replaceAll('\r\n', '\n'), 'bare_lf'],
  ['a bare CR in the reason phrase', head('HTTP/1.1 200 O\rK'), 'bare_cr'],
  ['a form feed in the reason phrase', head('HTTP/1.1 200 O\fK'), 'control_character'],
  ['a NUL in a value', ok('X: a\0b'), 'control_character'],
  ['a folded line', ok('X: a', ' b'), 'folded_line'],
  ['a space before the colon', ok('Content-Length : 5'), 'space_before_colon'],
  ['a header line without a colon', ok('nonsense'), 'field_line_malformed'],
  ['CL with TE', ok('Content-Length: 5', 'Transfer-Encoding: chunked'), 'length_and_encoding'],
  ['TE with CL, to HEAD', ok('Transfer-Encoding: chunked', 'Content-Length: 5'), 'length_and_encoding', toHead],
  ['two equal Content-Lengths', ok('Content-Length: 5', 'Content-Length: 5'), 'content_length_repeated'],
  ['Content-Length as a list', ok('Content-Length: 5, 5'), 'content_length_malformed'],
  ['a signed Content-Length', ok('Content-Length: +5'), 'content_length_malformed'],
  ['a Content-Length of 2^53', ok('Content-Length: 9007199254740992'), 'content_length_too_large'],
  ['gzip, chunked', ok('Transfer-Encoding: gzip, chunked'), 'transfer_encoding_unsupported'],
  ['a transfer coding of our own', ok('Transfer-Encoding: cow'), 'transfer_encoding_unsupported'],
  [
    'identity, then chunked, in two lines',
    ok('Transfer-Encoding: chunked', 'Transfer-Encoding: identity'),
    'transfer_encoding_repeated',
  ],
  ['identity', ok('Transfer-Encoding: identity'), 'transfer_encoding_unsupported'],
  ['chunked twice', ok('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'), 'transfer_encoding_repeated'],
  ['chunked on HTTP/1.0', head('HTTP/1.0 200 OK', 'Transfer-Encoding: chunked'), 'transfer_encoding_on_http10'],
  ['a bad chunk size', chunkedOk('5x\r\nhello\r\n'), 'chunk_size_malformed'],
  ['no end of the line behind the data of a chunk', chunkedOk('5\r\nhello0\r\n\r\n'), 'chunk_end_missing'],
  ['Content-Length in the trailers', chunkedOk('0\r\nContent-Length: 5\r\n\r\n'), 'trailer_forbidden'],
  ['Connection that is no list of tokens', ok('Connection: clo se'), 'connection_malformed'],
  ['17 times 1xx', head('HTTP/1.1 102 Processing').repeat(17), 'too_many_informational'],
  [
    '101 that nobody asked for',
    head('HTTP/1.1 101 Switching Protocols', 'Connection: upgrade', 'Upgrade: websocket'),
    'unexpected_switch',
  ],
  [
    '101 to another protocol',
    head('HTTP/1.1 101 Switching Protocols', 'Connection: upgrade', 'Upgrade: h2c'),
    'unexpected_switch',
    toUpgrade,
  ],
  [
    '101 without Upgrade',
    head('HTTP/1.1 101 Switching Protocols', 'Connection: upgrade'),
    'unexpected_switch',
    toUpgrade,
  ],
  ['bytes behind the response', `${ok('Content-Length: 5')}hello!`, 'unsolicited_bytes'],
  ['a second response', ok('Content-Length: 0').repeat(2), 'unsolicited_bytes'],
  ['a body behind 304', `${head('HTTP/1.1 304 Not Modified', 'Content-Length: 5')}hello`, 'unsolicited_bytes'],
  ['a body behind the answer to HEAD', `${ok('Content-Length: 5')}hello`, 'unsolicited_bytes', toHead],
])
