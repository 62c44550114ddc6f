import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '@vrata/testkit'
import { findProgram, programVersion } from '../machine/programs.ts'
import { serve } from './serve.ts'
import { manyPrefix, manyRoutes, type Site, type System, tier, Unavailable } from './site.ts'

/** haproxy with one thread. */
export const haproxy: System = {
  name: 'haproxy',
  version: () => programVersion('haproxy', '-v'),
  async start(scope, site) {
    if (site.table === 'costly') throw new Unavailable('has no predicates to tell routes apart by')
    const program = findProgram('haproxy') ?? ''
    const { folder, cores } = site
    const port = await freePort()
    const config = join(folder, 'haproxy.cfg')
    const prefixes = Array.from({ length: manyRoutes }, (_, n) => `${manyPrefix(n)}/ backend\n`)
    await writeFile(join(folder, 'routes.map'), prefixes.join(''))
    if (site.certificate) await writeFile(join(folder, 'pair.pem'), site.certificate.cert + site.certificate.key)
    await writeFile(config, haproxyConfig(site, port))
    return serve(scope, { name: 'haproxy', command: [program, '-db', '-f', config], port, cores, folder })
  },
}

function haproxyConfig({ front, table, upstream, folder }: Site, port: number): string {
  const alpn = { http: '', tls: ' alpn http/1.1', h2: ' alpn h2' }[front]
  const tls = front === 'http' ? '' : ` ssl crt ${join(folder, 'pair.pem')}${alpn}`
  const known = `{ path,map_beg(${join(folder, 'routes.map')}) -m found }`
  const gold = `{ req.hdr(${tier.header}) -m str ${tier.value} }`
  const routing = `
  http-request deny deny_status 404 unless ${known} ${gold}
  use_backend %[path,map_beg(${join(folder, 'routes.map')})]`
  return `global
  nbthread 1
  maxconn 4000
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout tunnel 1h
  option http-keep-alive
  http-reuse always
frontend front
  bind 127.0.0.1:${port} backlog 4096${tls}
  option forwardfor
  http-request set-header X-Forwarded-Proto ${front === 'http' ? 'http' : 'https'}${table === 'bare' ? '' : routing}
  default_backend backend
backend backend
  server one 127.0.0.1:${upstream}
`
}
