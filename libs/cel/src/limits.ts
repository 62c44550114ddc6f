/** Bounds of an expression. The first four are checked when it is compiled, the others while it runs. */
export interface CelLimits {
  /** length of the source in UTF-16 units */
  readonly sourceLength: number
  /** nodes of the syntax tree */
  readonly nodes: number
  /** nesting of the syntax tree; a chain of `&&` or of `||` counts as one level */
  readonly depth: number
  /** `all`, `exists`, `exists_one`, `map`, `filter` inside one another */
  readonly comprehensionDepth: number
  /** see budget.ts for what counts as a step */
  readonly steps: number
  readonly milliseconds: number
}

/** Generous for anything a person writes, too small for anything that could hold up a proxy. */
export const defaultLimits: CelLimits = {
  sourceLength: 8192,
  nodes: 1000,
  depth: 32,
  comprehensionDepth: 2,
  steps: 10_000,
  milliseconds: 10,
}
