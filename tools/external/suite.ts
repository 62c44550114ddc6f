/** How a suite ended. */
export interface SuiteOutcome {
  readonly result: 'passed' | 'failed' | 'skipped'
  /** One clause: what was run, what failed, or what is missing here. */
  readonly detail: string
}

/** A suite of others. `run` prints what a reader needs to see when it fails; a rejection counts as failed. */
export interface Suite {
  readonly name: string
  run(): Promise<SuiteOutcome>
}
