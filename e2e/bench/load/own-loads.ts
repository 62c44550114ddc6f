import { fileURLToPath } from 'node:url'

/** The command for one run of the WebSocket load; its last line has `rate` and `errors`. */
export function webSocketCommand(run: {
  readonly port: number
  readonly seconds: number
  readonly connections: number
}) {
  return [process.execPath, fileURLToPath(new URL('web-sockets.ts', import.meta.url)), JSON.stringify(run)]
}

/** The command for one run at a fixed rate; its last line has `rate`, `errors`, `p50`, `p90` and `p99`. */
export function pacedCommand(run: {
  readonly port: number
  readonly path: string
  readonly rate: number
  readonly seconds: number
  readonly connections: number
}) {
  return [process.execPath, fileURLToPath(new URL('paced-client.ts', import.meta.url)), JSON.stringify(run)]
}

/** The command for asking every millisecond until it is killed; each line has `from`, `to`, `longest` and `usual`. */
export function gapCommand(run: { readonly port: number; readonly path: string }) {
  return [process.execPath, fileURLToPath(new URL('gap-client.ts', import.meta.url)), JSON.stringify(run)]
}
