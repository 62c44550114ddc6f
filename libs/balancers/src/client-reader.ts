import { isSessionId } from './session-id.ts'

/** A cookie by which a client is recognised. */
export interface ClientCookie {
  readonly name: string
  /** How long it lasts, in the notation of the configuration. */
  readonly ttl: string
}

/**
 * What choices may depend on, read from a request of whatever type: that of a proxy, or one that somebody described.
 * One reader serves all requests.
 */
export interface ClientReader<Request> {
  /** Address of the client. */
  clientIp(request: Request): string
  /** The first line of a header that is not empty; `name` in lower case, also `host`. */
  headerLine(request: Request, name: string): string | undefined
  /** The value of a cookie that the client sent. */
  sentCookie(request: Request, name: string): string | undefined
  /** The id of a session that began with this very request. */
  givenCookie(request: Request, name: string): string | undefined
  /** Begins a session; its id goes to the client with the answer. */
  newSession(request: Request, cookie: ClientCookie): string
}

/** The id of the client's session: the one it sent if that is well formed, or one that began with this request. */
export function sessionIdOf<Request>(
  reader: ClientReader<Request>,
  request: Request,
  { name }: ClientCookie,
): string | undefined {
  const sent = reader.sentCookie(request, name)
  return sent !== undefined && isSessionId(sent) ? sent : reader.givenCookie(request, name)
}
