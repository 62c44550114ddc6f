import type { HeaderParameter } from './endpoint.ts'

/** The headers that several operations read or send, as the API document describes them. */
export const ifMatch: HeaderParameter = {
  name: 'If-Match',
  description: 'Only when the present version has one of these ETags; `*` = any.',
}
export const ifNoneMatch: HeaderParameter = {
  name: 'If-None-Match',
  description: 'ETags that the client knows; 304 when one is still right.',
}
export const tagHeaders: Readonly<Record<string, string>> = {
  ETag: 'Strong tag of this version, for `If-Match` and `If-None-Match`.',
}
export const listHeaders: Readonly<Record<string, string>> = { ETag: 'Weak tag of the revision that the list shows.' }
