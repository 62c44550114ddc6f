import assert from 'node:assert/strict'
import { test } from 'node:test'
import { performancePage } from './page.ts'

const cell = {
  name: 'bare',
  title: 'A bare route',
  about: 'One route.',
  run: () => Promise.reject(new Error('not run')),
}
const facts = {
  date: '2030-01-31',
  processor: 'Fast',
  cores: '2',
  memory: '4 GB',
  kernel: 'Linux 6',
  node: 'v24.0.0',
  versions: ['nginx 1.0'],
}
const options = {
  cells: ['bare'],
  systems: ['vrata'],
  rounds: 7,
  seconds: 3,
  connections: 64,
  minutes: 1,
  json: undefined,
  write: true,
  build: true,
}

function page(outcome: { rows: string[][]; remarks: string[]; ratio?: number }): string {
  const { rows, remarks, ratio } = outcome
  const figures = ratio === undefined ? [] : [{ name: 'bare: vrata / nginx', median: ratio, low: ratio, high: ratio }]
  const table = { columns: rows.length === 0 ? [] : ['system', 'req/s'], rows }
  return performancePage(
    [{ cell, outcome: { table, remarks, figures, raw: 0 } }],
    facts,
    options,
    'npm run bench -- --x',
  )
}

test('the page has the command, the machine, the table with its remarks, and the targets beside what was reached', () => {
  const text = page({ rows: [['nginx', '9']], remarks: ['Noisy.'], ratio: 0.6 })
  assert.match(text, /```sh\nnpm run bench -- --x\n```/)
  assert.match(text, /2030-01-31, Fast, 4 GB, Linux 6\n/)
  assert.match(text, /7 rounds of\s+3 s each/)
  assert.match(
    text,
    /### A bare route\n\nOne route\.\n\n\| system \| req\/s \|\n\|---\|---:\|\n\| nginx \| 9 \|\n\n- Noisy\.\n/,
  )
  assert.match(text, /\| bare: vrata \/ nginx \| at least 0\.55 \| 0\.60 \| .* \| reached \|/)
})

test('a cell that could not be measured says so and has no table', () => {
  const text = page({ rows: [], remarks: ['Not available: no.'] })
  assert.match(text, /### A bare route\n\nOne route\.\n\n- Not available: no\.\n$/)
  assert.match(text, /\| bare: vrata \/ nginx \| at least 0\.55 \| {2}\| {2}\| not measured \|/)
})
