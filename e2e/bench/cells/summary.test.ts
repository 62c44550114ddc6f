import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ceiling, type Row } from './compare.ts'
import { summarize } from './summary.ts'

function row(
  system: string,
  rates: readonly number[],
  used: number,
  more: { errors?: number; disturbed?: number } = {},
): Row {
  const { errors = 0, disturbed = 0 } = more
  return { system, samples: rates.map((rate) => ({ rate, used, errors, disturbed, latency: undefined })) }
}

test('all are compared with nginx round by round, and ours with all others', () => {
  const { table, figures } = summarize(
    'bare',
    'req/s',
    [
      row(ceiling, [4000, 4000], 0),
      row('nginx', [2000, 1000], 1),
      row('vrata', [1000, 600], 1),
      row('caddy', [200, 100], 1),
    ],
    [],
  )
  assert.deepEqual(table, {
    columns: ['system', 'req/s', 'of nginx', 'vrata / it', 'own core used', 'per core second, of nginx', 'errors'],
    rows: [
      [ceiling, '4,000', '3.00 (2.00 to 4.00)', '', '', '', '0'],
      ['nginx', '1,500 (1,000 to 2,000)', '1.00', '0.55 (0.50 to 0.60)', '100 %', '1.00', '0'],
      ['vrata', '800 (600 to 1,000)', '0.55 (0.50 to 0.60)', '1.00', '100 %', '0.55', '0'],
      ['caddy', '150 (100 to 200)', '0.10', '5.50 (5.00 to 6.00)', '100 %', '0.10', '0'],
    ],
  })
  assert.deepEqual(figures, [
    { name: 'bare: vrata / nginx', median: 0.55, low: 0.5, high: 0.6 },
    { name: 'bare: vrata / caddy', median: 5.5, low: 5, high: 6 },
  ])
})

test('a system that left its core half idle is compared by its own work, and named', () => {
  const { table, remarks } = summarize('bare', 'req/s', [row('nginx', [1000], 0.5), row('vrata', [800], 1)], [])
  assert.equal(table.rows[1]?.[table.columns.indexOf('per core second, of nginx')], '0.40')
  assert.equal(remarks.length, 1)
  assert.match(remarks[0] ?? '', /: nginx \(50 %\)\./)
})

test('a core that others used as well is told', () => {
  const { remarks } = summarize('bare', 'req/s', [row('nginx', [1000], 1, { disturbed: 0.3 })], ['tls: off.'])
  assert.deepEqual(remarks, ['tls: off.', 'Other programs took up to 30 % of the core of the systems.'])
})

test('without nginx nobody has a ratio to it, and errors are summed up', () => {
  const { table } = summarize('bare', 'req/s', [row('vrata', [1000, 1000], 1, { errors: 2 }), row('caddy', [], 0)], [])
  assert.deepEqual(table, {
    columns: ['system', 'req/s', 'vrata / it', 'own core used', 'errors'],
    rows: [['vrata', '1,000', '1.00', '100 %', '4']],
  })
})
