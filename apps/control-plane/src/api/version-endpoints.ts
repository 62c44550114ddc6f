import { sendJson } from './answer.ts'
import { type Endpoint, endpoint } from './endpoint.ts'

/** Which program answers. */
export interface BuildInfo {
  readonly version: string
  /** Commit that it was built from; `unknown` when run from a checkout. */
  readonly commit: string
}

/** Tells which program answers. */
export function versionEndpoints(build: BuildInfo): Endpoint[] {
  const text = { type: 'string' }
  return [
    endpoint('GET', '/api/v1/version', {
      operation: {
        id: 'getVersion',
        tag: 'process',
        summary: 'Which program answers',
        answers: {
          200: {
            description: 'Version, commit, version of the API.',
            schema: {
              type: 'object',
              required: ['version', 'commit', 'api'],
              properties: { version: text, commit: text, api: { const: 'v1' } },
            },
          },
        },
      },
      handle: ({ res }) => sendJson(res, 200, { version: build.version, commit: build.commit, api: 'v1' }),
    }),
  ]
}
