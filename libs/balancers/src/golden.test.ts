import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addresses, allBut, picks, sessionKeys } from './fixtures.ts'
import { maglev, type Picker, ringHash, weightedRendezvous } from './index.ts'

/*
 * Choices for 64 sessions that must never change: all proxies have to agree, those before a restart or an update with
 * those after. One character is one choice.
 */

const keys = sessionKeys(64, 42)
const route = [
  { id: 'api-v1', weight: 50 },
  { id: 'api-v2', weight: 30 },
  { id: 'api-v3', weight: 20 },
]

const cases: readonly { name: string; pick: Picker; choices: string; detours: string }[] = [
  {
    name: 'weighted rendezvous',
    pick: weightedRendezvous(route, 'route'),
    choices: '0211111002001210000020121100022000222010011010102001100001102110',
    detours: '2211111122121212112121121121122211222111111112122111121111122111',
  },
  {
    name: 'ring hash',
    pick: ringHash(addresses(10), 'destination'),
    choices: '4593695650143070541675322905314662065808869891517808720012035486',
    detours: '7793698621193778171677322913319662362838869891717878721212336886',
  },
  {
    name: 'ring hash with at most 900 nodes',
    pick: ringHash(addresses(10), 'destination', { min: 1, max: 900 }),
    choices: '4548244653810149441384876225894554285702217762751843608023632495',
    detours: '7728268663819199191386876226893819286712217762791893618923632198',
  },
  {
    name: 'maglev',
    pick: maglev(addresses(10), 'destination'),
    choices: '9887050541804508171830002853411963435451136315551383903266511027',
    detours: '9887237981888838171833892833211963936991136311931383983266211227',
  },
  {
    name: 'maglev with 100,003 slots',
    pick: maglev(addresses(10), 'destination', 100_003),
    choices: '5011528570285793327770017386735499063175358467203057245620714054',
    detours: '7311928873283793327772117386732299663172368867223177266623716896',
  },
]

for (const { name, pick, choices, detours } of cases) {
  test(`${name} chooses what it has always chosen`, () => {
    assert.equal(picks(pick, keys).join(''), choices)
    assert.equal(picks(pick, keys, allBut(0, 4, 5)).join(''), detours, 'with three that are unusable')
  })
}
