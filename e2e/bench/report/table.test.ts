import assert from 'node:assert/strict'
import { test } from 'node:test'
import { markdownTable, percent, plainTable, short, whole } from './table.ts'

const table = {
  columns: ['system', 'req/s'],
  rows: [
    ['nginx', '12,345'],
    ['a|b', '7'],
  ],
}

test('names stand on the left of a plain table, figures on the right', () => {
  assert.equal(plainTable(table), 'system   req/s\nnginx   12,345\na|b          7')
})

test('a bar in a cell does not end it in Markdown', () => {
  assert.equal(markdownTable(table), '| system | req/s |\n|---|---:|\n| nginx | 12,345 |\n| a\\|b | 7 |')
})

test('a short row is filled up with empty cells', () => {
  const partial = { columns: ['system', 'req/s'], rows: [['caddy']] }
  assert.equal(plainTable(partial), 'system  req/s\ncaddy')
  assert.equal(markdownTable(partial), '| system | req/s |\n|---|---:|\n| caddy |  |')
})

test('figures are rounded to what one can rely on', () => {
  assert.equal(whole(12_345.6), '12,346')
  assert.deepEqual([0.6149, 9.994, 9.996, 99.94, 99.96, -0.05].map(short), [
    '0.61',
    '9.99',
    '10.0',
    '99.9',
    '100',
    '-0.05',
  ])
  assert.equal(percent(0.614), '61 %')
})
