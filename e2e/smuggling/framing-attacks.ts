import { type Attack, accepted, get, head, last, post, refusedFraming, refusedHead } from './attack.ts'

/** Values of Transfer-Encoding that one reader takes for `chunked` and the next does not. */
const encodings: readonly (readonly [what: string, status: number, ...lines: readonly string[]])[] = [
  ['twice in two lines', 400, 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
  ['twice in one line', 400, 'Transfer-Encoding: chunked, chunked'],
  ['identity in a second line', 400, 'Transfer-Encoding: chunked', 'Transfer-Encoding: identity'],
  ['an unknown coding in a first line', 501, 'Transfer-Encoding: x', 'Transfer-Encoding: chunked'],
  ['an empty second line', 400, 'Transfer-Encoding: chunked', 'Transfer-Encoding:'],
  ['chunked, identity', 501, 'Transfer-Encoding: chunked, identity'],
  ['identity, chunked', 501, 'Transfer-Encoding: identity, chunked'],
  ['gzip, chunked', 501, 'Transfer-Encoding: gzip, chunked'],
  ['identity alone', 501, 'Transfer-Encoding: identity'],
  ['a word that ends in it', 501, 'Transfer-Encoding: xchunked'],
  ['a word that begins with it', 501, 'Transfer-Encoding: chunkedx'],
  ['two words', 501, 'Transfer-Encoding: x chunked'],
  ['a parameter', 501, 'Transfer-Encoding: chunked;q=1'],
  ['in quotes', 501, 'Transfer-Encoding: "chunked"'],
  ['a comma behind it', 501, 'Transfer-Encoding: chunked,'],
  ['a comma before it', 501, 'Transfer-Encoding: ,chunked'],
  ['nothing', 501, 'Transfer-Encoding:'],
  ['a vertical tab before it', 400, 'Transfer-Encoding: \x0bchunked'],
  ['a vertical tab behind it', 400, 'Transfer-Encoding: chunked\x0b'],
  ['a form feed before it', 400, 'Transfer-Encoding:\x0cchunked'],
  ['a NUL behind it', 400, 'Transfer-Encoding: chunked\0'],
  ['a no-break space before it', 501, 'Transfer-Encoding:\xa0chunked'],
  ['a byte 255 before it', 501, 'Transfer-Encoding: \xffchunked'],
  ['a folded line', 400, 'Transfer-Encoding:', ' chunked'],
  ['identity, folded before chunked', 400, 'Transfer-Encoding: identity', '\t, chunked'],
  ['a bare LF before the value', 400, 'Transfer-Encoding:\n chunked'],
  ['a bare CR before the value', 400, 'Transfer-Encoding:\rchunked'],
  ['a space before the colon', 400, 'Transfer-Encoding : chunked'],
  ['a tab before the colon', 400, 'Transfer-Encoding\t: chunked'],
  ['a vertical tab before the colon', 400, 'Transfer-Encoding\x0b: chunked'],
  ['a NUL in the name', 400, 'Transfer-Encoding\0: chunked'],
  ['a byte 255 before the name', 400, '\xffTransfer-Encoding: chunked'],
  ['behind a bare LF in another value', 400, 'X: y\nTransfer-Encoding: chunked'],
  ['behind a bare CR in another value', 400, 'X: y\rTransfer-Encoding: chunked'],
  ['behind LF CR', 400, 'X: y\n\rTransfer-Encoding: chunked'],
  ['a first line that begins with a space', 400, ' Transfer-Encoding: chunked'],
]

/** Values of Content-Length that readers understand differently, or not at all. */
const lengths: readonly (readonly [what: string, status: number, ...lines: readonly string[]])[] = [
  ['two different ones', 400, 'Content-Length: 0', 'Content-Length: 5'],
  ['two equal ones', 400, 'Content-Length: 5', 'Content-Length: 5'],
  ['two in different letters', 400, 'Content-Length: 5', 'content-length: 0'],
  ['a list', 400, 'Content-Length: 5, 5'],
  ['a list of different ones', 400, 'Content-Length: 0, 5'],
  ['a plus sign', 400, 'Content-Length: +5'],
  ['a minus sign', 400, 'Content-Length: -0'],
  ['hexadecimal', 400, 'Content-Length: 0x5'],
  ['an underscore', 400, 'Content-Length: 1_0'],
  ['an exponent', 400, 'Content-Length: 1e1'],
  ['a fraction', 400, 'Content-Length: 5.0'],
  ['a space in it', 400, 'Content-Length: 5 5'],
  ['quotes', 400, 'Content-Length: "5"'],
  ['a semicolon', 400, 'Content-Length: 5;x'],
  ['nothing', 400, 'Content-Length:'],
  ['a no-break space behind it', 400, 'Content-Length: 5\xa0'],
  ['a vertical tab before it', 400, 'Content-Length:\x0b5'],
  ['an Arabic digit', 400, 'Content-Length: \xd9\xa5'],
  ['2^64 + 5', 413, 'Content-Length: 18446744073709551621'],
  ['2^53', 413, 'Content-Length: 9007199254740992'],
  ['a space before the colon', 400, 'Content-Length : 5'],
  ['a tab before the colon', 400, 'Content-Length\t: 5'],
  ['a folded line', 400, 'Content-Length:', ' 5'],
  ['a number that goes on in a folded line', 400, 'Content-Length: 0', ' 5'],
  ['behind a bare LF in another value', 400, 'X: y\nContent-Length: 5'],
  ['behind a bare CR in another value', 400, 'X: y\rContent-Length: 5'],
]

/** Two readers that disagree where the body of a request ends. */
export const framingAttacks: readonly Attack[] = [
  refusedHead('CL.TE', 'length first', 400, (at) => {
    const rest = `0\r\n\r\n${get(at.smuggled)}`
    return post(at.smuggled, `Content-Length: ${rest.length}`, 'Transfer-Encoding: chunked') + rest
  }),
  refusedHead('CL.TE', 'half of a request line left over for the next client', 400, (at) => {
    const rest = `0\r\n\r\nGET ${at.smuggled} HTTP/1.1\r\nX: `
    return post(at.smuggled, `Content-Length: ${rest.length}`, 'Transfer-Encoding: chunked') + rest
  }),
  refusedHead('TE.CL', 'length last', 400, (at) => {
    const inner = get(at.smuggled)
    const body = `${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`
    return post(at.smuggled, 'Transfer-Encoding: chunked', 'Content-Length: 4') + body
  }),
  refusedHead(
    'HTTP/1.0',
    'chunked and a length',
    400,
    (at) =>
      `${head(`POST ${at.smuggled} HTTP/1.0`, 'Host: a', 'Content-Length: 5', 'Transfer-Encoding: chunked')}0\r\n\r\n` +
      get(at.smuggled),
  ),
  refusedHead(
    'HTTP/1.0',
    'chunked, kept alive',
    400,
    (at) =>
      `${head(`POST ${at.smuggled} HTTP/1.0`, 'Host: a', 'Connection: keep-alive', 'Transfer-Encoding: chunked')}` +
      `0\r\n\r\n${get(at.smuggled)}`,
  ),
  ...encodings.map(([what, status, ...lines]) => refusedFraming('TE.TE', what, status, ...lines)),
  ...encodings
    .filter(([, status]) => status === 400)
    .map(([what, status, ...lines]) =>
      refusedFraming('TE.TE beside a length', what, status, 'Content-Length: 5', ...lines),
    ),
  ...lengths.map(([what, status, ...lines]) => refusedFraming('0.CL, CL.CL', what, status, ...lines)),
  refusedHead('0.CL', 'Expect with something before it', 417, (at) => {
    const inner = get(at.smuggled)
    return post(at.smuggled, 'Expect: x 100-continue', `Content-Length: ${inner.length}`) + inner
  }),
  refusedHead('0.CL', 'an unknown expectation', 417, (at) => {
    const inner = get(at.smuggled)
    return post(at.smuggled, 'Expect: 100-continue, x', `Content-Length: ${inner.length}`) + inner
  }),
  accepted('0.CL', 'Expect, and the body without waiting', 'POST', (at) => {
    const inner = get(at.smuggled)
    return post(at.ok(1), 'Expect: 100-continue', `Content-Length: ${inner.length}`) + inner
  }),
  ...['GET', 'POST'].map((method) =>
    accepted('CL.0', `${method} with a request as its body`, method, (at) => {
      const inner = get(at.smuggled)
      return head(`${method} ${at.ok(1)} HTTP/1.1`, 'Host: gateway.test', `Content-Length: ${inner.length}`) + inner
    }),
  ),
  accepted('CL.0', 'a chunked GET with a request as its body', 'GET', (at) => {
    const inner = get(at.smuggled)
    return `${get(at.ok(1), 'Transfer-Encoding: chunked')}${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`
  }),
  accepted('CL.0', 'HEAD with a request as its body', 'HEAD', (at) => {
    const inner = get(at.smuggled)
    return head(`HEAD ${at.ok(1)} HTTP/1.1`, 'Host: gateway.test', `Content-Length: ${inner.length}`) + inner
  }),
  accepted('CL.0', 'an upgrade to h2c with a request as its body', 'POST', (at) => {
    const inner = get(at.smuggled)
    const upgrade = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA']
    return post(at.ok(1), ...upgrade, `Content-Length: ${inner.length}`) + inner
  }),
  accepted('leading zeros', 'a length that an octal reader understands differently', 'POST', (at) => {
    return `${post(at.ok(1), 'Content-Length: 010')}0123456789`
  }),
  {
    family: 'CL.0',
    what: 'a request behind a body of length 0 is one of its own',
    bytes: (at) => post(at.ok(1), 'Content-Length: 0') + last(at.ok(2)),
    answered: ['POST', 'GET'],
    refused: undefined,
    abandons: false,
  },
]
