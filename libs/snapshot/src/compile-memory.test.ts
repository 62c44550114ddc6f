import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sampleFacts } from '@vrata/cel'
import type { SnapshotConfig } from '@vrata/model'
import { compileSnapshot } from './compile.ts'
import { CompileMemory } from './compile-memory.ts'
import { DocumentMemory } from './document-memory.ts'

/** Two routes, one of them in two groups; `status` is what the other one answers. */
function config(status: number): SnapshotConfig {
  return {
    listeners: [{ id: 'l', name: 'l', port: 8080 }],
    destinations: [{ id: 'd', name: 'd', host: '127.0.0.1', port: 80 }],
    routes: [
      { id: 'changing', name: 'changing', match: { path: '/a' }, directResponse: { status } },
      {
        id: 'steady',
        name: 'steady',
        match: { pathRegex: '/b[0-9]+', cel: 'request.method == "GET"' },
        forward: { destinations: [{ destinationId: 'd', weight: 100 }] },
      },
    ],
    groups: [
      { id: 'g1', name: 'g1', pathPrefix: '/one', routeIds: ['steady'] },
      { id: 'g2', name: 'g2', pathPrefix: '/two', routeIds: ['steady'] },
    ],
    middlewares: [],
  }
}

/** As a document that came over a wire: equal, but nothing in it is the same object. */
function received(status: number): SnapshotConfig {
  return structuredClone(config(status))
}

/** Takes documents one after the other: what did not change is the same object. */
function receiver(): (sent: SnapshotConfig) => SnapshotConfig {
  const memory = new DocumentMemory()
  return (sent) => {
    const recall = memory.begin()
    const lists = Object.entries(sent).map(([list, entities]: [string, readonly unknown[]]) => {
      return [list, entities.map((entity) => recall.read(JSON.stringify(entity)))] as const
    })
    recall.end()
    return { ...sent, ...Object.fromEntries(lists) }
  }
}

function compiled(memory: CompileMemory | undefined, snapshot: SnapshotConfig) {
  const { compiled, problems } = compileSnapshot(snapshot, memory === undefined ? {} : { memory })
  assert.ok(compiled, JSON.stringify(problems))
  return compiled
}

const requests = ['/a', '/b1', '/one/b1', '/two/b22', '/three'].map((path) => sampleFacts({ method: 'GET', path }))

test('a snapshot compiled with what is remembered of another answers as one compiled alone', () => {
  const memory = new CompileMemory()
  const receive = receiver()
  for (const status of [200, 200, 404, 200]) {
    const alone = compiled(undefined, received(status))
    const remembered = compiled(memory, receive(config(status)))
    for (const request of requests) {
      const [expected, found] = [alone, remembered].map(({ table, actions }) => {
        const entry = table.match(request, 'l')
        if (typeof entry !== 'object') return entry
        assert.equal(table.entries[entry.index], entry, 'the place of an entry is that in its own table')
        return { route: entry.route, group: entry.group, action: actions[entry.index]?.kind, entry: entry.path }
      })
      assert.deepEqual(found, expected, request.path)
    }
  }
})

test('what did not change is taken over, what changed is compiled anew', () => {
  const memory = new CompileMemory()
  const receive = receiver()
  const before = compiled(memory, receive(config(200)))
  const after = compiled(memory, receive(config(201)))
  assert.equal(after.destinations.get('d'), before.destinations.get('d'))
  const routeOf = (snapshot: typeof before, id: string) => snapshot.table.entries.find(({ route }) => route.id === id)
  assert.equal(routeOf(after, 'steady')?.route, routeOf(before, 'steady')?.route)
  assert.equal(routeOf(after, 'steady')?.matchers, routeOf(before, 'steady')?.matchers)
  assert.notEqual(routeOf(after, 'steady'), routeOf(before, 'steady'), 'each table has entries of its own')
  assert.equal(routeOf(after, 'changing')?.route.directResponse?.status, 201)
})

test('what is equal without being the same object is compiled anew', () => {
  const memory = new CompileMemory()
  const before = compiled(memory, received(200))
  const after = compiled(memory, received(200))
  assert.notEqual(after.destinations.get('d'), before.destinations.get('d'))
})

test('only the last snapshot is remembered', () => {
  const memory = new CompileMemory()
  const first = received(200)
  const before = compiled(memory, first)
  compiled(memory, { ...first, destinations: [{ id: 'd', name: 'other', host: '127.0.0.1', port: 80 }] })
  const after = compiled(memory, first)
  assert.deepEqual(after.destinations.get('d'), before.destinations.get('d'))
  assert.notEqual(after.destinations.get('d'), before.destinations.get('d'))
})

test('an entity with problems is not remembered: it is refused each time', () => {
  const memory = new CompileMemory()
  const broken = { ...received(200), destinations: [{ id: 'd', name: 'd', host: '', port: 80 }] }
  for (const _ of [1, 2]) {
    const { compiled, problems } = compileSnapshot(broken, { memory })
    assert.equal(compiled, undefined)
    assert.ok(problems.some(({ pointer }) => pointer === '/host'))
  }
})
