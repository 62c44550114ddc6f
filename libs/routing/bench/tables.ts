import { type RequestFacts, type SampleRequest, sampleFacts } from '@vrata/cel'
import { Route, type RouteInput } from '@vrata/model'

function route(id: string, match: RouteInput['match'], rest: Partial<RouteInput> = {}): Route {
  return Route.parse({ id, match, directResponse: { status: 200 }, ...rest })
}

/** A request for a path, to `api.example.com` unless another host is given. */
function facts(path: string, rest: SampleRequest = {}): RequestFacts {
  return sampleFacts({ host: 'api.example.com', path, ...rest })
}

/** A kind of configuration, in any size, and requests that it answers. */
export interface Shape {
  readonly name: string
  /** The route with a number. */
  readonly route: (index: number, count: number) => Route
  /** A request for the route with a number. */
  readonly request: (index: number, count: number) => RequestFacts
}

const services = ['users', 'orders', 'invoices', 'catalog', 'search', 'payments', 'carts', 'media', 'auth', 'reports']

/** Ten services, each with numbered resources: what the paths of a large API look like. */
function path(index: number): string {
  return `/api/v${index % 3}/${services[index % 10]}/r${Math.floor(index / 10)}`
}

const prefixes: Shape = {
  name: 'prefixes of one host',
  route: (index) => route(`r${index}`, { pathPrefix: path(index) }),
  request: (index) => facts(`${path(index)}/items/42?page=3`),
}

const exact: Shape = {
  name: 'exact paths of one host',
  route: (index) => route(`r${index}`, { path: path(index) }),
  request: (index) => facts(`${path(index)}?page=3`),
}

const hosts: Shape = {
  name: 'a host for each route',
  route: (index) => route(`r${index}`, { hostnames: [`tenant-${index}.example.com`], pathPrefix: '/' }),
  request: (index) => facts('/items/42', { host: `tenant-${index}.example.com` }),
}

const wildcards: Shape = {
  name: 'a wildcard for each route',
  route: (index) => route(`r${index}`, { hostnames: [`*.tenant-${index}.example.com`], pathPrefix: '/' }),
  request: (index) => facts('/items/42', { host: `www.tenant-${index}.example.com` }),
}

const regexes: Shape = {
  name: 'expressions with a literal start',
  route: (index) => route(`r${index}`, { pathRegex: `${path(index)}/[0-9]+$` }),
  request: (index) => facts(`${path(index)}/42`),
}

const priorities: Shape = {
  name: 'prefixes, each with a priority',
  route: (index) => route(`r${index}`, { pathPrefix: path(index) }, { priority: (index * 7919) % 9973 }),
  request: (index) => facts(`${path(index)}/items/42`),
}

/** Of ten routes: five prefixes, two exact, one expression; methods, headers and query here and there; twenty hosts. */
const mixed: Shape = {
  name: 'a mixture',
  route: (index) => {
    const own = path(index)
    const match = [{ pathPrefix: own }, { path: own }, { pathRegex: `${own}/[0-9]+` }][
      [0, 0, 1, 0, 2, 0, 1, 0, 0, 0][index % 10] ?? 0
    ]
    return route(`r${index}`, {
      ...match,
      hostnames: [`h${index % 20}.example.com`],
      ...(index % 3 === 0 ? { methods: ['GET', 'POST'] } : {}),
      ...(index % 5 === 0 ? { headers: [{ name: 'x-version', value: '2' }] } : {}),
      ...(index % 11 === 0 ? { queryParams: [{ name: 'page' }] } : {}),
    })
  },
  request: (index) =>
    facts(`${path(index)}${index % 10 === 4 ? '/42' : ''}?page=3`, {
      host: `h${index % 20}.example.com`,
      headers: { 'x-version': '2', accept: '*/*' },
    }),
}

const nobody: Shape = {
  name: 'a mixture, requests for nobody',
  route: mixed.route,
  request: (index) => facts(`/nowhere/${index}`, { host: `h${index % 20}.example.com` }),
}

const expressions: Shape = {
  name: 'prefixes with a CEL expression',
  route: (index) =>
    route(`r${index}`, {
      pathPrefix: path(index),
      cel: `request.method == "GET" && request.path.size() > ${index % 7}`,
    }),
  request: (index) => facts(`${path(index)}/items/42`),
}

export const shapes: readonly Shape[] = [
  prefixes,
  exact,
  hosts,
  wildcards,
  regexes,
  priorities,
  mixed,
  nobody,
  expressions,
]
