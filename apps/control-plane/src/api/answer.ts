import type { Response } from 'express'

/** Answers with one JSON value and a line feed. */
export function sendJson(res: Response, status: number, document: unknown): void {
  sendJsonBytes(res, status, Buffer.from(`${JSON.stringify(document)}\n`))
}

/** Answers with bytes that are JSON already. To HEAD only the headers go out. */
export function sendJsonBytes(res: Response, status: number, bytes: Buffer): void {
  res.statusCode = status
  res.setHeader('Content-Type', 'application/json')
  res.setHeader('Content-Length', bytes.byteLength)
  res.end(res.req.method === 'HEAD' ? undefined : bytes)
}

/** Answers 204. */
export function sendNothing(res: Response): void {
  res.statusCode = 204
  res.end()
}
