export type { CaptureOptions, Client, Collection, Draft, SecretSummary, Snapshots } from './client.ts'
export { createClient } from './client.ts'
export { ApiError, NoAnswerError } from './errors.ts'
export type { ClientOptions } from './transport.ts'
