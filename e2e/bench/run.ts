/**
 * `npm run bench`: builds the programs, measures them beside others, and prints tables of what was found. Options:
 * `npm run bench -- --help`.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ProgramScope, repositoryRoot } from '@vrata/testkit'
import type { Cell, Lab, Outcome } from './cells/cell.ts'
import { cells } from './cells/cells.ts'
import { firstLine } from './cells/sampling.ts'
import { allowedCores, divideCores } from './machine/cores.ts'
import { machineFacts } from './machine/facts.ts'
import { findProgram } from './machine/programs.ts'
import { type Options, parseOptions, UsageError, usage } from './options.ts'
import { performancePage, type Result } from './report/page.ts'
import { plainTable } from './report/table.ts'
import { judge, targets } from './report/targets.ts'
import { startBackends } from './systems/backends.ts'
import { makeCertificate } from './systems/certificate.ts'
import { Unavailable } from './systems/site.ts'
import { systems } from './systems/systems.ts'

const choices = { cells: cells.map(({ name }) => name), systems: systems.map(({ name }) => name) }

/** A folder for everything that is written on the way; gone when this process ends, however it ends. */
function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vrata-bench-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  process.env['TMPDIR'] = folder // for all that is started from here
  return folder
}

/** Aborted by the first signal; the second one ends this process at once, and with it all that it started. */
function interruption(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130)
      controller.abort(new Error('interrupted'))
    })
  }
  return controller.signal
}

function buildBundles(): void {
  console.log('building the bundles')
  const nx = join(repositoryRoot, 'node_modules', '.bin', 'nx')
  const args = ['run-many', '-t', 'build', '-p', '@vrata/control-plane,@vrata/proxy']
  execFileSync(nx, args, { cwd: repositoryRoot, stdio: ['ignore', 'ignore', 'inherit'], timeout: 300_000 })
}

async function runCell(cell: Cell, lab: Lab): Promise<Outcome> {
  try {
    return await cell.run(lab)
  } catch (error) {
    lab.interrupted.throwIfAborted()
    if (!(error instanceof Unavailable)) console.error(error)
    const remark = `${error instanceof Unavailable ? 'Not available' : 'Failed'}: ${firstLine(error)}.`
    return { table: { columns: [], rows: [] }, remarks: [remark], figures: [], raw: undefined }
  }
}

function print({ cell, outcome }: Result): void {
  console.log(`\n${cell.name}: ${cell.title}\n`)
  if (outcome.table.rows.length > 0) console.log(plainTable(outcome.table))
  for (const remark of outcome.remarks) console.log(`- ${remark}`)
}

async function measure(options: Options, interrupted: AbortSignal): Promise<void> {
  if (findProgram('taskset') === undefined) throw new UsageError('taskset (util-linux) is not installed')
  const chosen = systems.filter(({ name }) => options.systems.includes(name))
  const installed = chosen.filter((system) => system.version() !== undefined)
  const missing = chosen.filter((system) => !installed.includes(system))
  if (options.build && installed.some(({ name }) => name === 'vrata')) buildBundles()
  const cores = divideCores(allowedCores())
  const facts = machineFacts(cores, systems)
  console.log(
    `${facts.processor}, cores ${facts.cores}, Node ${facts.node}, ${facts.date}\n${facts.versions.join(', ')}`,
  )
  for (const { name } of missing) console.log(`${name} is not installed and left out`)

  const folder = ownFolder()
  await using scope = new ProgramScope()
  const certificate = await makeCertificate(folder)
  const backends = await startBackends(scope, cores.load, folder, certificate)
  const lab: Lab = {
    options,
    cores,
    folder,
    backends,
    certificate,
    systems: installed,
    interrupted,
    say: (text) => console.log(`  ${text}`),
  }
  const results: Result[] = []
  for (const cell of cells.filter(({ name }) => options.cells.includes(name))) {
    console.log(`\n${cell.title}`)
    const result = { cell, outcome: await runCell(cell, lab) }
    print(result)
    results.push(result)
  }
  const figures = results.flatMap(({ outcome }) => outcome.figures)
  const relevant = targets.filter(({ figure }) => options.cells.includes(figure.split(':', 1)[0] ?? ''))
  if (relevant.length > 0) console.log(`\ntargets\n\n${plainTable(judge(relevant, figures))}`)

  if (options.json !== undefined) {
    const measured = results.map(({ cell, outcome }) => ({ name: cell.name, ...outcome }))
    await writeFile(options.json, `${JSON.stringify({ facts, options, cells: measured }, undefined, 2)}\n`)
  }
  if (options.write) {
    // Where else the results went does not matter to whoever wants to measure the same.
    const chosen = process.argv.slice(2).filter((word, at, all) => word !== '--json' && all[at - 1] !== '--json')
    const command = ['npm run bench --', ...chosen].join(' ')
    const page = performancePage(results, facts, options, command)
    await writeFile(join(repositoryRoot, 'docs', 'performance.md'), page)
  }
}

const interrupted = interruption()
try {
  const options = parseOptions(process.argv.slice(2), choices)
  if (options === undefined) console.log(usage(choices))
  else await measure(options, interrupted)
} catch (error) {
  if (interrupted.aborted) console.error('interrupted')
  else if (error instanceof UsageError) console.error(`${error.message}\n\n${usage(choices)}`)
  else console.error(error)
  process.exitCode = interrupted.aborted ? 130 : 1
}
