import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ProgramScope, startControlPlane } from '@vrata/testkit'
import { runStep } from '../steps.ts'
import { root } from '../workspace.ts'
import type { Suite, SuiteOutcome } from './suite.ts'

const version = '4.32.5'

/** Where it is installed and where it leaves its own notes. */
const folder = join(root, '.vrata/external/schemathesis')

/**
 * Two checks take the schema for the whole truth. It is not: whether an expression compiles, a version matches or a
 * reference exists is decided by no schema, and a null, which the API reads as absent, is refused by one.
 */
const beyondTheSchema = 'positive_data_acceptance,negative_data_rejection'

/** Streams never end, so a request that waits for the end of an answer never does either. */
const streams = '/sync/snapshot$'

/**
 * Schemathesis reads the control plane's OpenAPI document and sends it thousands of requests made from it, right and
 * wrong ones: nothing may answer 5xx, and every answer must be as the document says.
 */
export const schemathesis: Suite = {
  name: `schemathesis ${version}`,
  async run() {
    const program = await installed()
    if (typeof program !== 'string') return program
    await using scope = new ProgramScope()
    const plane = await startControlPlane(scope)
    const what = [`${plane.url}/api/v1/docs/doc.json`, '--exclude-path-regex', streams]
    const how = ['--exclude-checks', beyondTheSchema, '--max-examples', '50', '--seed', '1', '--max-time', '120']
    const { ok, output, seconds } = await runStep([program, 'run', ...what, ...how, '--no-color'], 600, folder)
    if (!plane.program.running) console.log(plane.program.tail())
    if (ok) return { result: 'passed', detail: `${summary(output)} in ${seconds.toFixed(0)} s` }
    console.log(output)
    return { result: 'failed', detail: summary(output) }
  },
}

/** Path of the program in a virtual environment of its own, or why there is none. */
async function installed(): Promise<string | SuiteOutcome> {
  const program = join(folder, 'bin/st')
  if (existsSync(program) && (await runStep([program, '--version'], 60, root)).output.includes(version)) return program
  mkdirSync(folder, { recursive: true })
  const made = await runStep(['python3', '-m', 'venv', '--clear', folder], 120, root)
  if (!made.ok) return { result: 'skipped', detail: `python3 with venv is needed: ${lastLine(made.output)}` }
  const pip = [join(folder, 'bin/pip'), 'install', '--quiet', '--disable-pip-version-check']
  const got = await runStep([...pip, `schemathesis==${version}`], 300, root)
  if (!got.ok) return { result: 'skipped', detail: `it could not be installed: ${lastLine(got.output)}` }
  return program
}

/** The line with the totals of a run. */
function summary(output: string): string {
  const line = output.split('\n').findLast((text) => /\d+ generated|passed|failed|failures?/.test(text))
  return (line ?? lastLine(output)).replace(/[=\s]+/g, ' ').trim()
}

function lastLine(output: string): string {
  return output.trimEnd().split('\n').at(-1) ?? ''
}
