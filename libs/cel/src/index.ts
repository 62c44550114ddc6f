export { CelError, CelEvaluationError, type CelFailure } from './errors.ts'
export {
  type ApiKeyFacts,
  type BodyFacts,
  type ClaimsInput,
  celSlot,
  type PeerCertificate,
  type RequestFacts,
  type RequestInput,
} from './facts.ts'
export { isJsonType, parseJsonBody } from './json.ts'
export { type CelLimits, defaultLimits } from './limits.ts'
export {
  compileClaimsPredicate,
  compileClaimsValue,
  compileIdentityPredicate,
  compilePredicate,
  compileRequestValue,
  type Predicate,
  type ValueExpression,
} from './predicate.ts'
export { type SampleRequest, sampleFacts } from './sample-facts.ts'
