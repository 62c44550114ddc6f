import type { Response } from 'express'

/** Answers with one JSON value and a line feed. */
export function sendJson(res: Response, status: number, document: unknown): void {
  sendJsonBytes(res, status, Buffer.from(`${JSON.stringify(document)}\n`))
}

/**
 * Answers with bytes that are JSON already, in parts which are not copied: however slowly many clients read a large
 * document, it is in memory once. To HEAD only the headers go out.
 */
export function sendJsonBytes(res: Response, status: number, ...parts: readonly Buffer[]): void {
  res.statusCode = status
  res.setHeader('Content-Type', 'application/json')
  res.setHeader(
    'Content-Length',
    parts.reduce((sum, part) => sum + part.byteLength, 0),
  )
  if (res.req.method !== 'HEAD') for (const part of parts) res.write(part)
  res.end()
}

/** Answers 204. */
export function sendNothing(res: Response): void {
  res.statusCode = 204
  res.end()
}
