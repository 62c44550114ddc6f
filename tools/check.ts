/**
 * `npm test`: everything that has to hold before a change lands. Runs all steps even if one fails, shows the output of
 * those that failed, and prints the number of tests as its last line.
 */
import { join } from 'node:path'
import { add, type Counts, countsLine, forgetCounts, noCounts, readCounts } from './counts.ts'
import { killRunningSteps, type Outcome, runStep } from './steps.ts'
import { packages, root } from './workspace.ts'

interface Step {
  readonly name: string
  readonly command: readonly string[]
  /** Ceiling after which the step is killed; far above what it takes. */
  readonly limitSeconds: number
  /** Folders, relative to the top, in each of which this step must have executed at least one test. */
  readonly testedFolders: readonly string[]
}

/** Counts of one step, and a sentence for everything that is wrong beyond failing tests. */
interface Verdict {
  readonly counts: Counts
  readonly faults: readonly string[]
}

function steps(): Step[] {
  const withTests = packages(root)
    .map(({ folder }) => folder)
    .filter((folder) => folder !== 'e2e')
  return [
    { name: 'lint', command: ['nx', 'run', 'vrata:lint'], limitSeconds: 600, testedFolders: [] },
    { name: 'typecheck', command: ['nx', 'run', 'vrata:typecheck'], limitSeconds: 600, testedFolders: [] },
    {
      name: 'test',
      command: ['nx', 'run-many', '-t', 'test', '--parallel=2'],
      limitSeconds: 1200,
      testedFolders: [...withTests, '.'],
    },
    { name: 'build', command: ['nx', 'run-many', '-t', 'build', '--parallel=2'], limitSeconds: 600, testedFolders: [] },
    { name: 'e2e', command: ['nx', 'run', '@vrata/e2e:e2e'], limitSeconds: 2400, testedFolders: ['e2e'] },
  ]
}

/**
 * Judges a finished step. Each folder whose tests nobody counted, or where none was executed, is one failure; a step
 * that failed without a failing test counts as one as well, so that the last line never says `0 failed` by mistake.
 */
export function judge(step: Pick<Step, 'name' | 'testedFolders'>, ok: boolean, top: string): Verdict {
  let counts = noCounts
  const faults: string[] = []
  for (const folder of step.testedFolders) {
    const found = readCounts(join(top, folder))
    if (found === undefined) faults.push(`${folder}: the tests did not run to their end`)
    else if (found.passed + found.failed === 0) faults.push(`${folder}: no test was executed`)
    counts = add(counts, found ?? noCounts)
  }
  if (!ok && counts.failed === 0 && faults.length === 0) faults.push(`${step.name} failed`)
  return { counts: add(counts, { ...noCounts, failed: faults.length }), faults }
}

function report(step: Step, outcome: Outcome, verdict: Verdict): void {
  const failed = !outcome.ok || verdict.counts.failed > 0
  if (failed) console.log(`\n${outcome.output.trimEnd()}\n`)
  const tests = step.testedFolders.length > 0 ? `  ${countsLine(verdict.counts)}` : ''
  const took = `${outcome.seconds.toFixed(1)} s`
  console.log(`${failed ? '✗' : '✓'} ${step.name.padEnd(9)} ${took.padStart(8)}${tests}`)
  for (const fault of verdict.faults) console.log(`  ${fault}`)
}

async function main(): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      killRunningSteps()
      process.exit(1)
    })
  }
  let total = noCounts
  for (const step of steps()) {
    for (const folder of step.testedFolders) forgetCounts(join(root, folder))
    const outcome = await runStep(step.command, step.limitSeconds, root)
    const verdict = judge(step, outcome.ok, root)
    report(step, outcome, verdict)
    total = add(total, verdict.counts)
  }
  process.exitCode = total.failed > 0 ? 1 : 0
  console.log(`\n${countsLine(total)}`)
}

if (import.meta.main) await main()
