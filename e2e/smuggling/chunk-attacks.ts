import { type Attack, accepted, chunked, get, refusedChunks } from './attack.ts'

/** A chunk that holds all of `text`, with an extension or without. */
function chunk(text: string, extension = ''): string {
  return `${text.length.toString(16)}${extension}\r\n${text}\r\n`
}

/** Two readers that disagree where a chunk ends. */
export const chunkAttacks: readonly Attack[] = [
  // sizes
  ...(
    [
      ['a prefix 0x', 400, '0x5\r\nhello\r\n0\r\n\r\n'],
      ['a plus sign', 400, '+5\r\nhello\r\n0\r\n\r\n'],
      ['a minus sign', 400, '-1\r\nhello\r\n0\r\n\r\n'],
      ['an underscore', 400, '0_5\r\nhello\r\n0\r\n\r\n'],
      ['a space before', 400, ' 5\r\nhello\r\n0\r\n\r\n'],
      ['a space behind', 400, '5 \r\nhello\r\n0\r\n\r\n'],
      ['a tab behind', 400, '5\t\r\nhello\r\n0\r\n\r\n'],
      ['a letter that is no digit', 400, '5g\r\nhello\r\n0\r\n\r\n'],
      ['nothing', 400, '\r\nhello\r\n0\r\n\r\n'],
      ['more than 64 bits', 413, '10000000000000005\r\nhello\r\n0\r\n\r\n'],
      ['a NUL behind', 400, '5\0\r\nhello\r\n0\r\n\r\n'],
      ['a comma', 400, '5,5\r\nhello\r\n0\r\n\r\n'],
    ] as const
  ).map(([what, status, body]) => refusedChunks('chunk size', what, status, () => body)),
  // ends of lines
  ...(
    [
      ['a bare LF behind the size', '5\nhello\r\n0\r\n\r\n'],
      ['a bare CR behind the size', '5\rhello\r\n0\r\n\r\n'],
      ['CR CR LF behind the size', '5\r\r\nhello\r\n0\r\n\r\n'],
      ['a bare LF behind the data', '5\r\nhello\n0\r\n\r\n'],
      ['a bare CR behind the data', '5\r\nhello\r0\r\n\r\n'],
      ['LF CR behind the data', '5\r\nhello\n\r0\r\n\r\n'],
      ['nothing behind the data', '5\r\nhello0\r\n\r\n'],
      ['two other bytes behind the data', '5\r\nhelloxx0\r\n\r\n'],
      ['more data than the size says', '5\r\nhello, world\r\n0\r\n\r\n'],
      ['bare LFs at the end', '5\r\nhello\r\n0\n\n'],
      ['a bare CR at the end', '5\r\nhello\r\n0\r\n\r'],
      ['no empty line at the end', '5\r\nhello\r\n0\r\n'],
    ] as const
  ).map(([what, body]) => refusedChunks('chunk line end', what, 400, () => body)),
  // extensions: TERM.EXT, EXT.TERM, TERM.SPILL, SPILL.TERM
  refusedChunks('chunk extension', 'a bare LF ends it', 400, (at) => `5;\nhello\r\n${chunk(get(at.smuggled))}`),
  refusedChunks('chunk extension', 'a bare LF within', 400, (at) => `2;\nxx\r\n4c\r\n0\r\n\r\n${get(at.smuggled)}`),
  refusedChunks('chunk extension', 'a bare CR within', 400, () => '5;a\rb\r\nhello\r\n0\r\n\r\n'),
  refusedChunks('chunk extension', 'LF CR within', 400, () => '5;a\n\rb\r\nhello\r\n0\r\n\r\n'),
  refusedChunks('chunk extension', 'no name', 400, () => '5;\r\nhello\r\n0\r\n\r\n'),
  refusedChunks('chunk extension', 'no value', 400, () => '5;a=\r\nhello\r\n0\r\n\r\n'),
  refusedChunks('chunk extension', 'no semicolon', 400, () => '5 a=b\r\nhello\r\n0\r\n\r\n'),
  refusedChunks(
    'chunk extension',
    'quotes that stay open',
    400,
    (at) => `5;a="\r\nhello\r\n0\r\n\r\n${get(at.smuggled)}"`,
  ),
  refusedChunks('chunk extension', 'a NUL in quotes', 400, () => '5;a="\0"\r\nhello\r\n0\r\n\r\n'),
  refusedChunks('chunk extension', 'no end', 413, () => `5;a=${'x'.repeat(100_000)}\r\nhello\r\n0\r\n\r\n`),
  refusedChunks('chunk extension', 'many small ones', 413, () => `${'1;abc=def\r\nx\r\n'.repeat(2_000)}0\r\n\r\n`),
  accepted('chunk extension', 'in order: left out on the way', 'POST', (at) =>
    chunked(at.ok(1), `${chunk(get(at.smuggled), ';a;b=c;d="e;\\"f"')}0;last\r\n\r\n`),
  ),
  // trailers
  ...(
    [
      ['Content-Length', 400, 'Content-Length: 5'],
      ['Transfer-Encoding', 400, 'Transfer-Encoding: chunked'],
      ['Host', 400, 'Host: other.test'],
      ['Connection', 400, 'Connection: keep-alive'],
      ['a space before the colon', 400, 'X : y'],
      ['no colon', 400, 'GET / HTTP/1.1'],
      ['a folded line', 400, 'X: y\r\n z'],
      ['a NUL', 400, 'X: \0'],
      ['a bare CR', 400, 'X: y\rX-Client: other'],
      ['a bare LF', 400, 'X: y\nX-Client: other'],
    ] as const
  ).map(([what, status, line]) => refusedChunks('trailers', what, status, () => `5\r\nhello\r\n0\r\n${line}\r\n\r\n`)),
  refusedChunks('trailers', 'that end with a bare LF', 400, () => '0\r\nX: y\r\n\n'),
  refusedChunks('trailers', 'without end', 431, () => `0\r\n${'X: y\r\n'.repeat(5_000)}\r\n`),
  accepted('trailers', 'that would change who asks: they never become headers', 'POST', (at) =>
    chunked(at.ok(1), `1\r\nx\r\n0\r\nX-Client: other\r\nX-Forwarded-For: 6.6.6.6\r\nAuthorization: x\r\n\r\n`),
  ),
]
