export type {
  Action,
  DirectResponseAction,
  ForwardAction,
  ForwardTimeouts,
  RedirectAction,
  WeightedDestination,
} from './actions.ts'
export { canonicalJson } from './canonical-json.ts'
export { type Capture, capture, captureInSlices, type Staged } from './capture.ts'
export {
  type Compilation,
  type CompiledSnapshot,
  type CompileOptions,
  compileSnapshot,
  compileSnapshotInSlices,
} from './compile.ts'
export { CompileMemory } from './compile-memory.ts'
export { DocumentMemory } from './document-memory.ts'
export { snapshotHash } from './hash.ts'
export type { SnapshotKind } from './kinds.ts'
export { redact, redactConfig } from './redact.ts'
export type { SecretPointer } from './secrets/pointers.ts'
export { type SecretLookup, type SecretPorts, secretErrorText } from './secrets/resolve.ts'
export { type SecretUse, secretUses } from './secrets/usage.ts'
export { inSlices, type Slicing, type Steps } from './slices.ts'
export { type VerifiedDocument, verifyDocument, verifyDocumentInSlices } from './verify-document.ts'
