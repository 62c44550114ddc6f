/** A request as a browser sends it: ten header lines, no body. */
export const typicalRequest = Buffer.from(
  [
    'GET /api/v1/products/42?include=stock&lang=en HTTP/1.1',
    'Host: shop.example.com',
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
    'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    'Accept-Language: en-US,en;q=0.5',
    'Accept-Encoding: gzip, deflate, br, zstd',
    'Connection: keep-alive',
    'Cookie: session=0123456789abcdef0123456789abcdef; theme=dark',
    'X-Request-Id: 7f9c2ba4-e88f-4d7a-b6b7-1d6c1f0d3c11',
    'Cache-Control: no-cache',
    'Referer: https://shop.example.com/list',
    '',
    '',
  ].join('\r\n'),
  'latin1',
)

const body = Buffer.alloc(1024, 'x')

/** A response with 1 KB of body as nginx sends it. */
export const typicalResponse = Buffer.concat([
  Buffer.from(
    [
      'HTTP/1.1 200 OK',
      'Server: nginx/1.22.1',
      'Date: Tue, 24 Nov 2026 18:00:00 GMT',
      'Content-Type: application/octet-stream',
      `Content-Length: ${body.length}`,
      'Last-Modified: Mon, 23 Nov 2026 10:00:00 GMT',
      'Connection: keep-alive',
      'ETag: "6740f1a0-400"',
      'Accept-Ranges: bytes',
      '',
      '',
    ].join('\r\n'),
    'latin1',
  ),
  body,
])
