import { CelError, compilePredicate, type Predicate } from '@vrata/cel'
import type { Group, Route } from '@vrata/model'
import { compileRegex, type Regex, RegexError } from '@vrata/regex'
import type { Findings } from './findings.ts'
import { type HostPattern, parseHostPattern } from './hostname.ts'
import { celMatcher } from './matchers/cel.ts'
import { grpcMatcher } from './matchers/grpc.ts'
import { headerMatcher } from './matchers/header.ts'
import type { Matcher } from './matchers/matcher.ts'
import { methodMatcher } from './matchers/method.ts'
import { queryMatcher } from './matchers/query.ts'
import type { ConfiguredValue } from './matchers/value.ts'
import { type CharacterSets, type PathTest, simpleExpression } from './simple-expression.ts'

/** What entries are put together from: everything a route or a group says by itself, compiled once. */
export interface Part {
  readonly hosts: readonly HostPattern[]
  /** Its conditions beside host, path and listener. */
  readonly matchers: readonly Matcher[]
  /** Undefined = all. */
  readonly listenerIds: readonly string[] | undefined
}

/** Compiles what routes and groups say, each expression once, and reports what cannot be compiled. */
export class PartCompiler {
  readonly findings: Findings
  readonly #regexes = new Map<string, Regex>()
  readonly #predicates = new Map<string, Predicate>()
  readonly #matchers = new Map<string, Matcher>()
  readonly #sets: CharacterSets = new Map()

  constructor(findings: Findings) {
    this.findings = findings
  }

  /** @throws {RegexError} */
  readonly regex = (pattern: string): Regex => {
    const known = this.#regexes.get(pattern)
    if (known !== undefined) return known
    const regex = compileRegex(pattern)
    this.#regexes.set(pattern, regex)
    return regex
  }

  /** @throws {CelError} */
  readonly predicate = (source: string): Predicate => {
    const known = this.#predicates.get(source)
    if (known !== undefined) return known
    const predicate = compilePredicate(source)
    this.#predicates.set(source, predicate)
    return predicate
  }

  /** The test of a composed path expression. @throws {RegexError} */
  readonly pathTest = (source: string): PathTest => {
    const engine = (): PathTest => {
      const regex = this.regex(source)
      return (path) => regex.test(path)
    }
    return simpleExpression(source, engine, this.#sets) ?? engine()
  }

  /** The matcher, or one that is the same condition: shared, it takes less memory and is more likely in a cache. */
  shared(matcher: Matcher): Matcher {
    const key = `${matcher.predicate} ${matcher.expected}`
    const known = this.#matchers.get(key)
    if (known !== undefined) return known
    this.#matchers.set(key, matcher)
    return matcher
  }

  /** Undefined when something is wrong, which is reported. */
  group(group: Group): Part | undefined {
    const draft = new Draft('group', group, this)
    draft.pathExpression(group.pathRegex)
    draft.values(['headers'], group.headers, headerMatcher)
    draft.hostnames(['hostnames'], group.hostnames)
    draft.overrides()
    return draft.finish(group.listenerIds)
  }

  /** Undefined when something is wrong, which is reported. */
  route(route: Route): Part | undefined {
    const { match } = route
    const draft = new Draft('route', route, this)
    if (match.methods?.length) draft.add(methodMatcher(match.methods.map((method) => method.toUpperCase())))
    if (match.grpc) draft.add(grpcMatcher())
    draft.values(['match', 'headers'], match.headers, headerMatcher)
    draft.values(['match', 'queryParams'], match.queryParams, queryMatcher)
    draft.expression(['match', 'cel'], match.cel)
    draft.hostnames(['match', 'hostnames'], match.hostnames)
    draft.overrides()
    return draft.finish(route.listenerIds)
  }
}

/** One part while it is compiled. */
class Draft {
  readonly #matchers: Matcher[] = []
  readonly #kind: 'group' | 'route'
  readonly #entity: Group | Route
  readonly #compiler: PartCompiler
  readonly #hosts: HostPattern[] = []
  #broken = false

  constructor(kind: 'group' | 'route', entity: Group | Route, compiler: PartCompiler) {
    this.#kind = kind
    this.#entity = entity
    this.#compiler = compiler
  }

  add(matcher: Matcher): void {
    this.#matchers.push(this.#compiler.shared(matcher))
  }

  values(
    path: readonly string[],
    configured: readonly ConfiguredValue[] | undefined,
    make: (configured: ConfiguredValue, compile: (pattern: string) => Regex) => Matcher,
  ): void {
    for (const [index, one] of configured?.entries() ?? []) {
      this.#try([...path, index, 'value'], () => this.add(make(one, this.#compiler.regex)))
    }
  }

  /** Compiled alone for its problems: composed with paths of routes, it would be reported with each of them. */
  pathExpression(pattern: string | undefined): void {
    if (pattern !== undefined) this.#try(['pathRegex'], () => this.#compiler.regex(pattern))
  }

  expression(path: readonly string[], source: string | undefined): void {
    if (source === undefined) return
    this.#try(path, () => this.add(celMatcher(this.#compiler.predicate(source))))
  }

  hostnames(path: readonly string[], hostnames: readonly string[] | undefined): void {
    for (const [index, text] of hostnames?.entries() ?? []) {
      const host = parseHostPattern(text)
      if (host) this.#hosts.push(host)
      else {
        const message = `${JSON.stringify(text)} is not a host name, "*.suffix" or "*"`
        this.#fail([...path, index], message, 'hostname.invalid')
      }
    }
  }

  /** Compiles the conditions of overrides, so that composing chains cannot fail. */
  overrides(): void {
    for (const [id, override] of Object.entries(this.#entity.middlewareOverrides)) {
      for (const list of ['skipWhen', 'onlyWhen'] as const) {
        for (const [index, source] of override[list]?.entries() ?? []) {
          this.#try(['middlewareOverrides', id, list, index], () => this.#compiler.predicate(source))
        }
      }
    }
  }

  finish(listenerIds: readonly string[] | undefined): Part | undefined {
    if (this.#broken) return undefined
    return { hosts: this.#hosts, matchers: this.#matchers, listenerIds: listenerIds?.length ? listenerIds : undefined }
  }

  #try(path: readonly (string | number)[], compile: () => unknown): void {
    try {
      compile()
    } catch (thrown) {
      if (thrown instanceof RegexError) {
        this.#fail(path, `not a regular expression: ${thrown.message}`, 'regex.invalid')
      } else if (thrown instanceof CelError) {
        this.#fail(path, thrown.message, 'cel.invalid', thrown.suggestion)
      } else throw thrown
    }
  }

  #fail(path: readonly (string | number)[], message: string, code: string, suggestion?: string): void {
    this.#broken = true
    this.#compiler.findings.report(this.#kind, this.#entity, path, { message, code, suggestion })
  }
}
