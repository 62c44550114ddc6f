import { costs, type Matcher } from './matcher.ts'

/** The request carries gRPC messages: media type `application/grpc`, alone or with a `+` suffix. gRPC-Web does not count. */
export function grpcMatcher(): Matcher {
  return {
    predicate: 'grpc',
    cost: costs.grpc,
    expected: 'content-type: application/grpc',
    readsBody: false,
    test: (facts) => isGrpc(facts.header('content-type')),
    actual: (facts) => `content-type: ${facts.header('content-type') ?? 'absent'}`,
  }
}

function isGrpc(contentType: string | undefined): boolean {
  if (contentType === undefined) return false
  const semicolon = contentType.indexOf(';')
  const type = (semicolon === -1 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase()
  return type === 'application/grpc' || type.startsWith('application/grpc+')
}
