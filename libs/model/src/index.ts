export { nearest, parseDuration, parsePointer, pointer, suggestDuration, valueAt } from '@vrata/notation'
export { type Checked, type CheckOptions, checkEntity, maxProblems } from './check-entity.ts'
export {
  configApiVersion,
  controlPlaneMetricPrefix,
  cookieNames,
  headerNames,
  metricPrefix,
  productName,
  redisKeyPrefixes,
  sealMagic,
} from './constants.ts'
export { Destination, type DestinationInput } from './destination.ts'
export { DirectResponse } from './direct-response.ts'
export { EndpointBalancing, endpointAlgorithms } from './endpoint-balancing.ts'
export { type EntityKind, type EntityRef, entityKinds, plural } from './entity-kinds.ts'
export { ExtProcPhases } from './ext-proc-phases.ts'
export { authority, cidr, hostAddress, hostnamePattern, ipAddress, splitAuthority } from './formats/address.ts'
export { type DurationBounds, duration } from './formats/duration.ts'
export { common, entityId, isEntityId, labels } from './formats/entity-members.ts'
export { celPredicateString, celString, checkCel, regexString } from './formats/expression.ts'
export {
  cookieName,
  forwardedHeaders,
  framingHeaders,
  headerName,
  headerPattern,
  headerValue,
  hopByHopHeaders,
  httpMethod,
  isToken,
  mutableHeaderName,
  mutableHeaderPattern,
} from './formats/http.ts'
export { pathString } from './formats/path.ts'
export { pem } from './formats/pem.ts'
export { holdsSecretReference } from './formats/secret-reference.ts'
export { templateString } from './formats/template.ts'
export { type Finding, pattern, quote, report, reportFormat, text } from './formats/text.ts'
export { destinationAlgorithms, Forward, Rewrite } from './forward.ts'
export { Group, type GroupInput } from './group.ts'
export { HeadersConfig } from './headers-config.ts'
export { type JsonSchema, jsonSchemas } from './json-schemas.ts'
export { Listener, type ListenerInput } from './listener.ts'
export { defaultDurationBuckets, defaultSizeBuckets } from './listener-metrics.ts'
export { HeaderMatcher, Match, QueryMatcher } from './match.ts'
export { MiddlewareOverride } from './middleware-override.ts'
export { hasErrors, type Problem, type Severity, sortProblems } from './problem.ts'
export { decodeJson, type JsonProblem, maxJsonDepth, type ReadJson, readJson } from './read-json.ts'
export { Redirect } from './redirect.ts'
export { CircuitBreaker, HealthCheck, OutlierDetection } from './resilience.ts'
export { Retry, retryConditions } from './retry.ts'
export { Route, type RouteInput } from './route.ts'
export { atMostOne, exactlyOne, presence } from './rules.ts'
export { Secret, type SecretInput } from './secret.ts'
export { storedForm } from './stored-form.ts'
export {
  type ParsedTemplate,
  parseTemplate,
  requestVariables,
  responseVariables,
  type TemplatePart,
  type TemplateVariables,
} from './template.ts'
export { tlsVersions } from './tls-version.ts'
export { ExplainRequest, type ExplainRequestInput } from './wire/explain-request.ts'
export { Explanation } from './wire/explanation.ts'
export { Ack, Fleet, FleetProxy, Heartbeat, type ProxyState, proxyStates } from './wire/fleet.ts'
export { ErrorBody, type ErrorCode, errorStatus, ProblemSchema } from './wire/problems.ts'
export {
  type MiddlewareInput,
  type SnapshotConfig,
  SnapshotCurrent,
  SnapshotDocument,
  SnapshotSummary,
} from './wire/snapshot-document.ts'
export { withoutNulls } from './without-nulls.ts'
