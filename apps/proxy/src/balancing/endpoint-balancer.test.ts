import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type BalancerState, endpointId, type Picker } from '@vrata/balancers'
import { Destination } from '@vrata/model'
import type { Exchange, InFlight } from '../exchange.ts'
import { exchangeOf } from '../testing/exchange.ts'
import { MemorySessions } from '../testing/memory-sessions.ts'
import { endpointBalancer } from './endpoint-balancer.ts'
import { countAt } from './in-flight.ts'

/** The endpoints of a destination, as they change; state goes on as it does in a proxy. */
class Endpoints {
  readonly down = new Set<string>()
  readonly inFlight = new Map<string, InFlight>()
  readonly store: MemorySessions | undefined
  tablesMade = 0
  readonly #settings: Destination['options']['endpointBalancing']
  readonly #state: BalancerState

  constructor(settings: object, store?: MemorySessions) {
    this.store = store
    this.#settings = Destination.parse({
      id: 'd',
      name: 'd',
      host: 'd.test',
      port: 80,
      options: { endpointBalancing: settings },
    }).options.endpointBalancing
    const counter = { next: 0 }
    const tables = new Map<string, Picker>()
    this.#state = {
      counter: () => counter,
      table: (kind, parts, make) => {
        const key = JSON.stringify([kind, parts])
        const found = tables.get(key)
        if (found !== undefined) return found
        this.tablesMade++
        const made = make()
        tables.set(key, made)
        return made
      },
    }
  }

  /** Chooses among these, as one set would; a new set each time this is called. */
  among(addresses: readonly string[]): (exchange: Exchange) => string | Promise<string> {
    for (const address of addresses) if (!this.inFlight.has(address)) this.inFlight.set(address, { count: 0 })
    const choose = endpointBalancer(
      this.#settings,
      {
        destinationId: 'd',
        endpoints: addresses,
        load: (index) => this.inFlight.get(addresses[index] ?? '')?.count ?? 0,
      },
      (index) => addresses[index] !== undefined && !this.down.has(addresses[index]),
      this.#state,
      this.store,
    )
    return (exchange) => {
      const index = choose(exchange)
      return typeof index === 'number'
        ? (addresses[index] ?? 'none')
        : index.then((found) => addresses[found] ?? 'none')
    }
  }
}

const list = (count: number) => Array.from({ length: count }, (_, at) => endpointId({ host: `10.0.0.${at}`, port: 80 }))
const withHeader = (value: string) => exchangeOf({ headers: [['X-User', value]] })
const users = Array.from({ length: 20_000 }, (_, at) => withHeader(`user-${at}`))
const byUser = [{ header: { name: 'x-user' } }]
const ring = { algorithm: 'RING_HASH', ringHash: { hashPolicy: byUser } }
const maglev = { algorithm: 'MAGLEV', maglev: { hashPolicy: byUser } }
const sticky = { algorithm: 'STICKY' }

test('one endpoint is taken if it is usable, without hashing, cookie or pin; none is none', async () => {
  const store = new MemorySessions()
  const policies = [{ cookie: {} }]
  for (const settings of [{}, { algorithm: 'MAGLEV', maglev: { hashPolicy: policies } }, sticky]) {
    const set = new Endpoints(settings, store)
    const exchange = exchangeOf()
    assert.equal(set.among(['a:1'])(exchange), 'a:1')
    assert.equal(exchange.givenCookies, undefined)
    set.down.add('a:1')
    assert.equal(set.among(['a:1'])(exchange), 'none')
    assert.equal(set.among([])(exchange), 'none')
  }
  assert.deepEqual(store.asked, [])
})

test('in turn: 4 endpoints get 100 of 400 requests each, and the round goes on when the set is made anew', () => {
  const set = new Endpoints({})
  const addresses = list(4)
  const times = new Map<string, number>()
  for (let request = 0; request < 400; request++) {
    const choose = set.among(addresses) // as an activation would
    const address = String(choose(exchangeOf()))
    times.set(address, (times.get(address) ?? 0) + 1)
  }
  assert.deepEqual([...times.values()], [100, 100, 100, 100])
})

test('at random: every usable one, no other', () => {
  const set = new Endpoints({ algorithm: 'RANDOM' })
  const choose = set.among(list(4))
  set.down.add('10.0.0.1:80')
  const chosen = new Set(Array.from({ length: 500 }, () => String(choose(exchangeOf()))))
  assert.deepEqual([...chosen].toSorted(), ['10.0.0.0:80', '10.0.0.2:80', '10.0.0.3:80'])
})

test('by load: the one with fewer requests in flight; counts follow the exchanges, whatever becomes of them', () => {
  const set = new Endpoints({ algorithm: 'LEAST_REQUEST', leastRequest: { choiceCount: 5 } })
  const addresses = list(5)
  const choose = set.among(addresses)
  const open: Exchange[] = []
  for (let request = 0; request < 500; request++) {
    const exchange = exchangeOf()
    const place = set.inFlight.get(String(choose(exchange)))
    assert.ok(place)
    countAt(exchange, place)
    open.push(exchange)
  }
  assert.deepEqual(
    addresses.map((address) => set.inFlight.get(address)?.count),
    [100, 100, 100, 100, 100],
  )
  for (const exchange of open) {
    exchange.end()
    exchange.end()
  }
  assert.deepEqual([...set.inFlight.values()], new Array(5).fill({ count: 0 }))
})

test('a request that goes elsewhere is counted there only, and one that has ended nowhere', () => {
  const [one, other] = [{ count: 0 }, { count: 0 }]
  const exchange = exchangeOf()
  countAt(exchange, one)
  countAt(exchange, other)
  assert.deepEqual([one.count, other.count], [0, 1])
  exchange.end()
  assert.deepEqual([one.count, other.count], [0, 0])
  countAt(exchange, one)
  assert.deepEqual([one.count, other.count], [0, 0])
})

for (const [name, settings, extra] of [
  ['ring', ring, 0],
  ['maglev', maglev, 0.02],
] as const) {
  test(`${name}: one value, one endpoint, whatever the order of the list; even shares`, () => {
    const addresses = list(10)
    const choose = new Endpoints(settings).among(addresses)
    const reversed = new Endpoints(settings).among(addresses.toReversed())
    const times = new Map<string, number>()
    for (const user of users) {
      const address = String(choose(user))
      assert.equal(reversed(user), address)
      times.set(address, (times.get(address) ?? 0) + 1)
    }
    for (const address of addresses) {
      const off = Math.abs((times.get(address) ?? 0) / (users.length / 10) - 1)
      // The chance in which users come is on top of what the tables guarantee.
      assert.ok(off < (name === 'ring' ? 0.35 : 0.02) + 0.08, `${address} is off by ${off}`)
    }
  })

  test(`${name}: of 10 endpoints one leaves: its users move, and hardly any other`, () => {
    const set = new Endpoints(settings)
    const all = set.among(list(10))
    const left = set.among(list(9))
    const strays = users.filter((user) => all(user) !== '10.0.0.9:80' && all(user) !== left(user))
    assert.ok(strays.length / users.length <= extra, `${strays.length}`)
  })

  test(`${name}: while an endpoint is down its users are spread over the others, and come back`, () => {
    const set = new Endpoints(settings)
    const choose = set.among(list(5))
    const well = users.map((user) => choose(user))
    set.down.add('10.0.0.2:80')
    const sick = users.map((user) => choose(user))
    for (const [at, address] of well.entries()) {
      if (address !== '10.0.0.2:80') assert.equal(sick[at], address)
    }
    const heirs = new Set(sick.filter((_, at) => well[at] === '10.0.0.2:80'))
    assert.equal(heirs.size, 4, 'all others share them')
    assert.ok(!heirs.has('none'))
    for (const address of list(5).slice(0, 4)) set.down.add(address)
    assert.ok(
      users.slice(0, 100).every((user) => choose(user) === '10.0.0.4:80'),
      'the last one serves everybody',
    )
    set.down.clear()
    assert.deepEqual(
      users.map((user) => choose(user)),
      well,
    )
  })

  test(`${name}: the table is made once for a set, not for health or activations`, () => {
    const set = new Endpoints(settings)
    set.among(list(5))
    set.down.add('10.0.0.2:80')
    set.among(list(5))
    assert.equal(set.tablesMade, 1)
    set.among(list(6))
    assert.equal(set.tablesMade, 2)
  })
}

/** Two requests that shall be hashed alike go to the same of 100 endpoints; that others do so by chance is rare. */
function alike(policies: readonly object[], one: Exchange, other: Exchange): boolean {
  const settings = { algorithm: 'MAGLEV', maglev: { hashPolicy: policies } }
  const choose = new Endpoints(settings).among(list(100))
  return choose(one) === choose(other)
}

const request = (headers: Readonly<Record<string, string>>, clientIp = '192.0.2.1', host = 'shop.test') =>
  exchangeOf({ headers: Object.entries(headers), clientIp, host })

const three = [{ header: { name: 'X-User' } }, { cookie: { name: 'c' } }, { sourceIP: {} }]
const policies: readonly (readonly [string, readonly object[], Exchange, Exchange, boolean])[] = [
  ['no policy: the address', [], request({}, '192.0.2.1'), request({ 'x-user': 'a' }, '192.0.2.1'), true],
  ['no policy: another address', [], request({}, '192.0.2.1'), request({}, '192.0.2.77'), false],
  ['the header wins', three, request({ 'X-USER': 'a', cookie: 'c=1' }), request({ 'x-user': 'a' }, '192.0.2.77'), true],
  ['another header', three, request({ 'x-user': 'a' }), request({ 'x-user': 'b' }), false],
  ['else the cookie', three, request({ cookie: 'c=1' }), request({ cookie: 'd=2; c=1', 'x-user': '' }), true],
  ['another cookie', three, request({ cookie: 'c=1' }), request({ cookie: 'c=2' }), false],
  [
    'a cookie of an application counts as it is',
    three,
    request({ cookie: 'c=a.b!' }),
    request({ cookie: 'c=a.b!' }),
    true,
  ],
  ['an empty cookie is a value', three, request({ cookie: 'c=' }), request({ cookie: 'c=' }, '192.0.2.77'), true],
  ['no header: the address', [three[0] ?? {}], request({}, '192.0.2.1'), request({}, '192.0.2.1'), true],
  ['no header: another address', [three[0] ?? {}], request({}, '192.0.2.1'), request({}, '192.0.2.77'), false],
  ['the address', [{ sourceIP: {} }], request({}, '192.0.2.1'), request({ cookie: 'c=1' }, '192.0.2.1'), true],
  [
    'a policy that is off is passed by',
    [{ sourceIP: { enabled: false } }, { header: { name: 'x-user' } }],
    request({ 'x-user': 'a' }, '192.0.2.1'),
    request({ 'x-user': 'a' }, '192.0.2.77'),
    true,
  ],
  ['the host', [{ header: { name: 'Host' } }], request({}, '192.0.2.1'), request({}, '192.0.2.77'), true],
  ['another host', [{ header: { name: 'Host' } }], request({}), request({}, '192.0.2.1', 'blog.test'), false],
]
for (const [what, list, one, other, expected] of policies) {
  test(`what is hashed: ${what}`, () => assert.equal(alike(list, one, other), expected))
}

test('a cookie policy gives who has none a cookie, and what stands behind it is never reached', () => {
  const choose = new Endpoints({ algorithm: 'RING_HASH', ringHash: { hashPolicy: three } }).among(list(100))
  const chosen = new Set<unknown>()
  for (let client = 0; client < 50; client++) {
    const first = exchangeOf()
    const address = choose(first)
    const [cookie] = first.givenCookies ?? []
    assert.match(cookie?.value ?? '', /^[0-9a-f]{32}$/)
    assert.deepEqual([cookie?.name, cookie?.ttl], ['c', 3_600_000])
    const second = request({ cookie: `c=${cookie?.value}` })
    assert.equal(choose(second), address)
    assert.equal(second.givenCookies, undefined)
    chosen.add(address)
  }
  assert.ok(chosen.size > 10, 'all have one address and would have gone to one endpoint')
})

test('sticky: clients are pinned by address, under the id of the destination', async () => {
  const store = new MemorySessions()
  const set = new Endpoints(sticky, store)
  const first = exchangeOf()
  const address = await set.among(list(4))(first)
  const [cookie] = first.givenCookies ?? []
  assert.equal(cookie?.name, '_vrata_endpoint_pin')
  const key = `vrata:sticky:${cookie?.value}:d:ep`
  assert.equal(store.target(key), address)

  const again = () => request({ cookie: `_vrata_endpoint_pin=${cookie?.value}` })
  assert.equal(await set.among(list(9))(again()), address, 'more endpoints move nobody')
  set.down.add(String(address))
  const elsewhere = await set.among(list(4))(again())
  assert.notEqual(elsewhere, address)
  assert.equal(store.target(key), address)
  set.down.clear()
  assert.equal(await set.among(list(4))(again()), address)

  const without = list(4).filter((one) => one !== address)
  const next = await set.among(without)(again())
  assert.equal(store.target(key), next, 'an endpoint that is gone is replaced')
  assert.equal(await set.among(list(4))(again()), next)
})

test('sticky without a store: by hash of the same cookie, which a ring of the same endpoints agrees with', () => {
  const choose = new Endpoints(sticky).among(list(10))
  const byCookie = [{ cookie: { name: '_vrata_endpoint_pin' } }]
  const asRing = new Endpoints({ algorithm: 'RING_HASH', ringHash: { hashPolicy: byCookie } }).among(list(10))
  for (let client = 0; client < 50; client++) {
    const first = exchangeOf()
    const address = choose(first)
    const again = request({ cookie: `_vrata_endpoint_pin=${first.givenCookies?.[0]?.value}` })
    assert.equal(choose(again), address)
    assert.equal(asRing(again), address)
  }
})
