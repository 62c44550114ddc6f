import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseOptions, UsageError, usage } from './options.ts'

const choices = { cells: ['bare', 'tls', 'memory'], systems: ['vrata', 'nginx'] }

test('without arguments everything is measured, five times four seconds over 64 connections', () => {
  assert.deepEqual(parseOptions([], choices), {
    cells: choices.cells,
    systems: choices.systems,
    rounds: 5,
    seconds: 4,
    connections: 64,
    minutes: 1,
    json: undefined,
    write: false,
    build: true,
  })
})

test('cells run in their own order, whatever the order of the list', () => {
  assert.deepEqual(parseOptions(['--cells', 'tls, bare'], choices)?.cells, ['bare', 'tls'])
})

test('all options are taken', () => {
  const args = '--only nginx --rounds 7 --seconds 2 --connections 8 --minutes 0.5 --json out.json --write --no-build'
  assert.deepEqual(parseOptions(args.split(' '), choices), {
    cells: choices.cells,
    systems: ['nginx'],
    rounds: 7,
    seconds: 2,
    connections: 8,
    minutes: 0.5,
    json: 'out.json',
    write: true,
    build: false,
  })
})

test('what makes no sense is refused with words', () => {
  for (const [args, message] of [
    [['--cells', 'bare,tsl'], '--cells tsl: known are bare, tls, memory'],
    [['--only', ''], '--only : known are vrata, nginx'],
    [['--rounds', '0'], '--rounds 0: must be a whole number from 1 on'],
    [['--seconds', '1.5'], '--seconds 1.5: must be a whole number from 1 on'],
    [['--connections', '-1'], "Option '--connections' argument is ambiguous"],
    [['--minutes', '0'], '--minutes 0: must be a number above 0 and up to 600'],
    [['--minutes', 'x'], '--minutes x: must be a number above 0 and up to 600'],
    [['--fast'], "Unknown option '--fast'"],
    [['extra'], "Unexpected argument 'extra'"],
  ] as const) {
    assert.throws(
      () => parseOptions(args, choices),
      (error) => error instanceof UsageError && error.message.startsWith(message),
      message,
    )
  }
})

test('help names every cell and every system', () => {
  assert.equal(parseOptions(['--help', '--write'], choices), undefined)
  for (const name of [...choices.cells, ...choices.systems]) assert.ok(usage(choices).includes(name))
})
