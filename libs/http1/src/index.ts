export { type Authority, parseAuthority } from './authority.ts'
export type { BodyLength } from './body-length.ts'
export { type Outgoing, outgoingBytes } from './body-writer.ts'
export { ClientConnection, type ClientPhase } from './client-connection.ts'
export type { ClientEvent, Closed, Data, End, NeedData, Paused, Raw, ServerEvent } from './events.ts'
export { FieldLines, isFieldValue } from './field-lines.ts'
export { type FieldName, fieldName, firstOwnFlag, isToken, markName, nameFlag } from './field-names.ts'
export { Fields } from './fields.ts'
export type { Framing } from './framing.ts'
export type { RequestHead, ResponseHead } from './heads.ts'
export { completeLimits, defaultLimits, type Limits } from './limits.ts'
export {
  type Reason,
  type ReasonInfo,
  type ReasonScope,
  type Refused,
  reasons,
  refused,
  WriteError,
} from './reasons.ts'
export type { OutgoingRequest, OutgoingResponse } from './serialise.ts'
export { ServerConnection, type ServerPhase } from './server-connection.ts'
export type { Minor, TargetForm } from './start-line.ts'
