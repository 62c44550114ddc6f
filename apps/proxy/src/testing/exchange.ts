import { Listener } from '@vrata/model'
import type { Downstream } from '../downstream.ts'
import { Exchange } from '../exchange.ts'
import { FlatFields } from '../headers/received-fields.ts'
import { listenerRules } from '../listeners/rules.ts'

/** What of a request matters to a test. */
export interface RequestFactsForTest {
  readonly headers?: readonly (readonly [string, string])[]
  readonly clientIp?: string
  readonly scheme?: 'http' | 'https'
  readonly host?: string
  /** What is told of its certificate. */
  readonly certificateHeader?: string
}

const rules = listenerRules(Listener.parse({ id: 'main', name: 'main', port: 80 }))

/** A request in flight whose answer goes nowhere. */
export function exchangeOf({
  headers = [],
  clientIp = '192.0.2.1',
  scheme = 'http',
  host = 'shop.test',
  certificateHeader,
}: RequestFactsForTest = {}): Exchange {
  const head = {
    method: 'GET',
    path: '/',
    wirePath: '/',
    query: '',
    host,
    authority: host,
    scheme,
    clientIp,
    peer: { address: clientIp, trusted: false, certificate: undefined, certificateHeader },
    fields: new FlatFields(headers.flat()),
    hidden: 0,
    grpc: false,
  }
  return new Exchange(head, rules, nowhere, undefined, undefined)
}

const nowhere: Downstream = {
  events: undefined,
  headSent: false,
  closed: false,
  takesTrailers: false,
  endsInStatus: false,
  inform: () => undefined,
  head: () => undefined,
  write: () => true,
  end: () => undefined,
  answer: () => undefined,
  cut: () => undefined,
}
