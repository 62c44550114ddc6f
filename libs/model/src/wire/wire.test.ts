import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkEntity } from '../check-entity.ts'
import { accepts, refuses } from '../testing/check-rows.ts'
import { Ack, Fleet, Heartbeat } from './fleet.ts'
import { ErrorBody, errorStatus } from './problems.ts'
import { SnapshotDocument, SnapshotSummary } from './snapshot-document.ts'

const problem = {
  entity: { kind: 'listener', id: 'l-1', name: 'https' },
  pointer: '/port',
  message: 'port 443 is in use',
  severity: 'error',
}

describe('SnapshotDocument', () => {
  const document = {
    id: 's-1',
    name: 'v1',
    createdAt: '2026-01-05T10:00:00.000Z',
    hash: 'sha256:aa',
    seq: 4,
    snapshot: { listeners: [{ id: 'l', port: 7 }], routes: [], groups: [], destinations: [], middlewares: [] },
  }

  test('keeps entities as they are, wrong ones too: the compiler names what is wrong with them', () => {
    const sent = { ...document, snapshot: { ...document.snapshot, routes: [{ id: 'r', nonsense: true }] } }
    assert.deepEqual(checkEntity(SnapshotDocument, sent, { kind: 'snapshot' }).value, sent)
  })

  accepts(SnapshotDocument, document, [
    ['/seq', undefined],
    ['/description', 'x'],
    ['/labels', { a: 'b' }],
    ['/ofALaterVersion', { a: 1 }],
  ])
  refuses(SnapshotDocument, document, [
    ['/id', '', 'range.invalid'],
    ['/hash', undefined, 'field.missing'],
    ['/seq', -1, 'range.invalid'],
    ['/snapshot/routes', undefined, 'field.missing'],
    ['/snapshot/routes', {}, 'type.invalid'],
    ['/snapshot/routes', [{}], 'invalid', { at: '/snapshot/routes/0', message: 'expected an object with an id' }],
    ['/snapshot/middlewares', [null], 'invalid', { at: '/snapshot/middlewares/0' }],
  ])
})

describe('SnapshotSummary', () => {
  const summary = { id: 's-1', name: 'v1', createdAt: '2026-01-05T10:00:00Z', hash: 'h', active: true }
  accepts(SnapshotSummary, summary, [
    ['/counts', { routes: 3 }],
    ['/tests', { passed: 1, failed: 0 }],
    ['/activatedAt', '2026-01-05T10:00:00Z'],
  ])
  refuses(SnapshotSummary, summary, [['/active', undefined, 'field.missing']])
})

describe('Ack', () => {
  const ack = {
    proxyId: 'edge-7f3a',
    bootId: '0b6e',
    version: '1.4.0',
    labels: { zone: 'a' },
    seq: 42,
    snapshotId: 's-2',
    hash: 'sha256:bb',
    result: 'error',
    applyMs: 31,
    running: { snapshotId: 's-1', hash: 'sha256:aa' },
    problems: [problem],
  }
  accepts(Ack, ack, [
    ['/running', null],
    ['/problems', []],
    ['/applyMs', 0.4],
  ])
  refuses(Ack, ack, [
    ['/proxyId', '', 'format.invalid'],
    ['/proxyId', 'x'.repeat(129), 'format.invalid'],
    ['/proxyId', 'a/b', 'format.invalid'],
    ['/labels', Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`k${n}`, 'v'])), 'labels.count'],
    ['/result', 'okay', 'enum.invalid'],
    ['/seq', 1.5, 'type.invalid'],
    ['/hash', undefined, 'field.missing'],
    ['/problems', Array.from({ length: 501 }, () => problem), 'range.invalid'],
    ['/problems', [{ ...problem, severity: 'fatal' }], 'enum.invalid', { at: '/problems/0/severity' }],
  ])
})

describe('Heartbeat', () => {
  const beat = { proxyId: 'p', bootId: 'b', window: { seconds: 10, requests: 812, errors5xx: 3, p50Ms: 2, p99Ms: 41 } }
  accepts(Heartbeat, beat, [['/window', undefined]])
  refuses(Heartbeat, beat, [
    ['/proxyId', 'a b', 'format.invalid'],
    ['/window/seconds', 0, 'range.invalid'],
    ['/connections', -1, 'range.invalid'],
  ])
})

describe('Fleet', () => {
  const proxy = {
    id: 'edge-7f3a',
    version: '1.4.0',
    labels: {},
    connectedSince: null,
    lastSeen: '2026-01-05T10:09:58.120Z',
    state: 'error',
    snapshotId: 's-1',
    hash: 'h',
    wantedSnapshotId: 's-2',
    lastAck: { at: '2026-01-05T10:09:58.120Z', result: 'error', applyMs: 31, problems: [problem] },
    stats: { requests: 812, errors5xx: 3, p99Ms: 41 },
  }
  const counts = { inSync: 0, applying: 0, error: 1, stale: 0, lost: 0, silent: 0 }
  const fleet = { active: { snapshotId: 's-2', hash: 'h', seq: 42 }, proxies: [proxy], counts }
  accepts(Fleet, fleet, [
    ['/active', null],
    ['/proxies', []],
  ])
  refuses(Fleet, fleet, [
    ['/counts/lost', undefined, 'field.missing'],
    ['/proxies', [{ ...proxy, state: 'gone' }], 'enum.invalid', { at: '/proxies/0/state' }],
  ])
})

describe('ErrorBody', () => {
  const body = { error: 'the route is not valid: 2 problems', code: 'invalid', requestId: '01J8', problems: [problem] }
  accepts(ErrorBody, body, [
    ['/problems', undefined],
    ['/truncated', true],
  ])
  refuses(ErrorBody, body, [['/code', undefined, 'field.missing']])

  test('every code has a status that says it is an error', () => {
    for (const [code, status] of Object.entries(errorStatus)) assert.ok(status >= 400 && status < 600, code)
  })
})
