import { nameFlag } from '@vrata/http1'
import { type HeaderName, headerName } from '../headers/header-name.ts'

const notInTrailers = nameFlag.reserved | nameFlag.hopByHop | nameFlag.trailerRefused | nameFlag.trailerDropped

/** The name of a line of trailers of a request; undefined for what must not stand there, and is left out. RFC 9110, 6.5.1 */
export function trailerName(text: string): HeaderName | undefined {
  const name = headerName(text)
  return (name.flags & notInTrailers) === 0 ? name : undefined
}
