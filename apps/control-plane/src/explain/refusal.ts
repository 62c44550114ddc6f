const statuses = {
  bad_request: 400,
  uri_too_long: 414,
  request_headers_too_large: 431,
  payload_too_large: 413,
  no_route: 404,
} as const

/** Why a proxy answers a request by itself before it asks any route. */
export interface Refusal {
  readonly status: number
  /** The word by which the answer calls it. */
  readonly error: keyof typeof statuses
  readonly message: string
}

/** A refusal with the status that belongs to it. */
export function refusal(error: Refusal['error'], message: string): Refusal {
  return { status: statuses[error], error, message }
}
