import { Failure } from '../../failure/failure.ts'
import { codeOf } from '../../failure/to-failure.ts'

/**
 * What a client did wrong before its request could be parsed; undefined when it just went away and there is nobody to
 * answer.
 */
export function clientErrorFailure(error: Error): Failure | undefined {
  const code = codeOf(error)
  if (code === 'HPE_HEADER_OVERFLOW') return new Failure('request_headers_too_large', {}, error)
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return new Failure('payload_too_large', {}, error)
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new Failure('request_timeout', {}, error)
  if (code.startsWith('HPE_') && code !== 'HPE_INVALID_EOF_STATE') return new Failure('bad_request', {}, error)
  return undefined
}
