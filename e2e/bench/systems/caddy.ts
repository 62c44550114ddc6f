import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '@vrata/testkit'
import { findProgram, programVersion } from '../machine/programs.ts'
import { serve } from './serve.ts'
import { manyPrefix, manyRoutes, type Site, type System, tier, Unavailable } from './site.ts'

/** caddy with as many threads for Go code as it has cores. */
export const caddy: System = {
  name: 'caddy',
  version: () => programVersion('caddy', 'version'),
  async start(scope, site) {
    if (site.table === 'costly') throw new Unavailable('is not measured with this table')
    const program = findProgram('caddy') ?? ''
    const { folder, cores } = site
    const port = await freePort()
    const config = join(folder, 'caddy.json')
    await writeFile(config, JSON.stringify(caddyConfig(site, port)))
    return serve(scope, {
      name: 'caddy',
      command: [program, 'run', '--config', config],
      port,
      cores,
      folder,
      env: { GOMAXPROCS: String(cores.length), HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
    })
  },
}

function caddyConfig(site: Site, port: number): object {
  const { certFile, keyFile } = site.certificate ?? {}
  const tls = { certificates: { load_files: [{ certificate: certFile, key: keyFile }] } }
  const server = {
    listen: [`127.0.0.1:${port}`],
    protocols: site.front === 'h2' ? ['h1', 'h2'] : ['h1'],
    automatic_https: { disable: true },
    routes: routes(site),
    ...(site.front === 'http' ? {} : { tls_connection_policies: [{}] }),
  }
  return {
    admin: { disabled: true, config: { persist: false } },
    logging: { logs: { default: { level: 'ERROR' } } },
    apps: { http: { servers: { front: server } }, ...(site.front === 'http' ? {} : { tls }) },
  }
}

function routes(site: Site): object[] {
  const forward = {
    handler: 'reverse_proxy',
    upstreams: [{ dial: `127.0.0.1:${site.upstream}` }],
    transport: {
      protocol: 'http',
      versions: ['1.1'],
      compression: false,
      keep_alive: { enabled: true, max_idle_conns_per_host: site.connections * 2, idle_timeout: '1h' },
    },
  }
  if (site.table === 'bare') return [{ handle: [forward] }]
  // the expression in a route of its own below the path: caddy asks the matchers of one route in no certain order
  const expression = `{http.request.header.${tier.header}} == "${tier.value}"`
  const inner = { handler: 'subroute', routes: [{ match: [{ expression }], handle: [forward], terminal: true }] }
  return Array.from({ length: manyRoutes }, (_, n) => ({
    match: [{ path: [`${manyPrefix(n)}/*`] }],
    handle: [inner],
    terminal: true,
  }))
}
