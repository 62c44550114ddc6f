import { Agent, type Dispatcher, fetch as undiciFetch } from 'undici'

/** How control planes are reached. PEM texts, not paths. */
export interface ControlPlaneAccess {
  /** Base addresses without a slash at the end, tried in turn. */
  readonly urls: readonly string[]
  /** Sent as bearer token; empty = none. */
  readonly apiKey: string
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string }
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>
}

/** Milliseconds for connecting, and for the head of an answer. */
const connectTimeout = 10_000
const headTimeout = 15_000

/** An answer without its body. */
export interface Answered {
  readonly status: number
}

/** Speaks HTTP with one of several control planes, always the same until it fails. */
export class ControlPlane implements AsyncDisposable {
  readonly #access: ControlPlaneAccess
  readonly #agent: Dispatcher
  #at = 0

  constructor(access: ControlPlaneAccess) {
    this.#access = access
    this.#agent = new Agent({
      connect: { timeout: connectTimeout, ...access.tls },
      headersTimeout: headTimeout,
      bodyTimeout: 0, // a stream that is silent is noticed by who reads it
      allowH2: false,
    })
  }

  /** The address that is used at the moment. */
  get url(): string {
    return this.#access.urls[this.#at % this.#access.urls.length] ?? ''
  }

  /** Turns to the next address of the list. */
  next(): void {
    this.#at++
  }

  /** Sends a GET; the answer's body streams. Never follows redirects: the API key is for this address alone. */
  async get(url: string | URL, headers: Readonly<Record<string, string>>, signal: AbortSignal) {
    return undiciFetch(url, {
      headers: { ...this.#headers(), ...headers },
      signal,
      redirect: 'error',
      dispatcher: this.#agent,
    })
  }

  /** Posts JSON to a path of the API of the present address. */
  async post(path: string, body: unknown, signal: AbortSignal): Promise<Answered> {
    const answer = await undiciFetch(`${this.url}${path}`, {
      method: 'POST',
      headers: { ...this.#headers(), 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.any([signal, AbortSignal.timeout(headTimeout)]),
      redirect: 'error',
      dispatcher: this.#agent,
    })
    await answer.body?.cancel()
    return { status: answer.status }
  }

  #headers(): Record<string, string> {
    const { apiKey, headers } = this.#access
    return apiKey === '' ? { ...headers } : { ...headers, authorization: `Bearer ${apiKey}` }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy()
  }
}
