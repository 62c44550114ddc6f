import type { Cell, Outcome } from '../cells/cell.ts'
import type { Facts } from '../machine/facts.ts'
import { type Options, warmUp } from '../options.ts'
import { markdownTable } from './table.ts'
import { judge, targets } from './targets.ts'

/** A cell and what became of it. */
export interface Result {
  readonly cell: Cell
  readonly outcome: Outcome
}

/** The page of documentation about speed. */
export function performancePage(results: readonly Result[], facts: Facts, options: Options, command: string): string {
  const figures = results.flatMap(({ outcome }) => outcome.figures)
  return `<!-- Written by \`npm run bench -- --write\`. Do not edit. -->

# Performance

What this proxy can take, beside others on the same machine in the same minutes. Absolute numbers depend on the machine;
the ratios are what to look at, and they too belong to this kind of machine only. Measure on yours:

\`\`\`sh
${command}
\`\`\`

## Targets

${markdownTable(judge(targets, figures))}

\`a / b\` is how many times as much a takes as b.

## How it is measured

- **One core for the system, the others for the rest.** \`taskset\` ties each system to one core, load generators and
  backends to the others, so that the system and nothing else is what ends first. Each has one worker (process, thread, or
  \`GOMAXPROCS\`), keeps its connections to the backend, speaks HTTP/1.1 to it, sets X-Forwarded headers and writes no access
  log. vrata runs from its bundle and gets its snapshot from a real control plane, which is idle meanwhile.
- **In turns.** All systems of a table run at the same time and are loaded one after the other, ${options.rounds} rounds of
  ${options.seconds} s each, after a warm-up of ${warmUp(options)} s that does not count. Each round begins with another system. Figures are medians over
  the rounds; ratios are taken round by round, so what slows the machine for a while falls out.
- **The same backend for all**: one nginx that answers from memory, and a small echo server for WebSockets. The row
  "no proxy" is the load straight at the backend, both on the cores where they always are: nothing in front of them can be faster.
- **${options.connections} kept connections** unless said otherwise, one request under way on each, by wrk and h2load. WebSockets and the
  fixed rate of the latency table have small generators of their own (\`e2e/bench/load\`).
- **Own core used** is the time that the processes of the system spent on their core, as the kernel counts it. Clearly below
  100 % the system waited for the load: then it could do more than the table says, and *per core second* (answers for each second
  of its own work, as a share of nginx's) is the fairer figure.

What to doubt: load, backend and kernel share the machine's memory and caches; virtual machines give their cores to
others now and then; a proxy in front of a slow network is never asked for this much. The remarks below a table say what
disturbed it.

## Machine

- ${facts.date}, ${facts.processor}, ${facts.memory}, ${facts.kernel}
- cores: ${facts.cores}
- Node ${facts.node}; ${facts.versions.join(', ')}

## Results
${results.map(section).join('')}`
}

function section({ cell, outcome }: Result): string {
  const table = outcome.table.rows.length > 0 ? `\n${markdownTable(outcome.table)}\n` : ''
  const remarks = outcome.remarks.length > 0 ? `\n${outcome.remarks.map((remark) => `- ${remark}`).join('\n')}\n` : ''
  return `
### ${cell.title}

${cell.about}
${table}${remarks}`
}
