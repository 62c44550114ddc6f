import { describe } from 'node:test'
import { Secret } from './secret.ts'
import { accepts, refuses } from './testing/check-rows.ts'

describe('Secret', () => {
  const secret = { id: 's-1', name: 'tok', value: 'hush' }

  accepts(Secret, secret, [
    ['/value', ''],
    ['/value', 'x'.repeat(524_288)],
    ['/value', 'line\nline\u0000'],
    ['/labels', { team: 'a' }],
    ['/description', 'for the shop'],
  ])

  refuses(Secret, secret, [
    ['/name', undefined, 'field.missing'],
    ['/name', '', 'range.invalid', { message: 'name is required' }],
    ['/value', undefined, 'field.missing'],
    ['/value', 'x'.repeat(524_289), 'range.invalid'],
    ['/value', 'é'.repeat(262_145), 'range.invalid', { message: 'a secret has at most 512 KiB' }],
    ['/value', 7, 'type.invalid', { message: 'expected a string, got a number' }],
    ['/values', 'x', 'field.unknown'],
  ])
})
