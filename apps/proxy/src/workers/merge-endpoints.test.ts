import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EndpointReport, EndpointState } from '../admin/endpoint-report.ts'
import { mergeEndpoints } from './merge-endpoints.ts'

const report = (destination: string, ...endpoints: EndpointState[]): EndpointReport => ({ destination, endpoints })

test('numbers of the same endpoint are summed', () => {
  const one = [report('d', { address: 'a:1', inFlight: 2, idle: 1 }, { address: 'b:1', inFlight: 0, idle: 4 })]
  const two = [report('d', { address: 'a:1', inFlight: 3, idle: 0 }, { address: 'b:1', inFlight: 1, idle: 1 })]
  assert.deepEqual(mergeEndpoints([one, two]), [
    report('d', { address: 'a:1', inFlight: 5, idle: 1 }, { address: 'b:1', inFlight: 1, idle: 5 }),
  ])
})

test('the same address in two destinations is two endpoints', () => {
  const worker = [report('d', { address: 'a:1', idle: 1 }), report('e', { address: 'a:1', idle: 2 })]
  assert.deepEqual(mergeEndpoints([worker, worker]), [
    report('d', { address: 'a:1', idle: 2 }),
    report('e', { address: 'a:1', idle: 4 }),
  ])
})

test('an endpoint or a destination that one worker does not know yet is shown', () => {
  const one = [report('d', { address: 'a:1', idle: 1 })]
  const two = [report('d', { address: 'b:1', idle: 2 }), report('e')]
  assert.deepEqual(mergeEndpoints([one, two]), [
    report('d', { address: 'a:1', idle: 1 }, { address: 'b:1', idle: 2 }),
    report('e'),
  ])
})

test('facts that differ are all shown, facts that agree once', () => {
  const one = [report('d', { address: 'a:1', state: 'healthy', zone: 'x' })]
  const two = [report('d', { address: 'a:1', state: 'ejected', zone: 'x' })]
  assert.deepEqual(mergeEndpoints([one, two]), [
    report('d', { address: 'a:1', state: ['healthy', 'ejected'], zone: 'x' }),
  ])
})

test('of nobody there is nothing', () => {
  assert.deepEqual(mergeEndpoints([]), [])
})
