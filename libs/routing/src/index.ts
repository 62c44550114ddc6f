export {
  type CanonicalPath,
  canonicalPath,
  decodePath,
  type EncodedSlash,
  escapeNonAscii,
  type PathMode,
} from './canonical-path.ts'
export { clientAddress, plainAddress, type Trust, trustOf } from './client-address.ts'
export {
  type CompiledRoutes,
  type CompileOptions,
  compileRoutes,
  compileRoutesInSlices,
  type RoutingConfig,
} from './compile.ts'
export { type Verdict, verdict } from './conditions.ts'
export { compileDirectResponse, type DirectResponse } from './direct-response.ts'
export type { ChainLink, ConditionCounts, Retry, RouteEntry } from './entry.ts'
export {
  type ExplainedCandidate,
  type Explanation,
  explain,
  maxCandidates,
} from './explain.ts'
export type { ExplainedCondition, ExplainedLink } from './explain-chain.ts'
export type { FailedPredicate } from './failed-predicate.ts'
export { type ForwardedCertificate, forwardedCertificate } from './forwarded-certificate.ts'
export { canonicalHost, compileHostnames, type HostPattern, parseHostPattern } from './hostname.ts'
export type { Matcher, PredicateName } from './matchers/matcher.ts'
export type { PathPattern } from './path-pattern.ts'
export type { PathRewrite, Target } from './path-rewrite.ts'
export { parseQuery } from './query.ts'
export { compileRedirect, type Redirect, type RedirectFacts } from './redirect.ts'
export { type RequestTarget, requestTarget } from './request-target.ts'
export { compileRewrite, type Rewrite, type RewriteDestination } from './rewrite.ts'
export { RouteMemory } from './route-memory.ts'
export { type Match, needsBody } from './slot.ts'
export type { RouteTable } from './table.ts'
