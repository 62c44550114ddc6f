import { fileURLToPath } from 'node:url'
import { freePort } from '@vrata/testkit'
import { packageVersion } from '../machine/programs.ts'
import type { RivalSite } from '../rivals/rival-site.ts'
import { serve } from './serve.ts'
import { type Site, type System, Unavailable } from './site.ts'

/** A plain proxy on http-proxy-3. */
export const httpProxy3: System = {
  name: 'http-proxy-3',
  version: () => packageVersion('http-proxy-3'),
  start: (scope, site) => startRival(scope, site, 'http-proxy-3'),
}

/** @fastify/http-proxy in a fastify server. */
export const fastifyHttpProxy: System = {
  name: 'fastify-http-proxy',
  version: () => packageVersion('@fastify/http-proxy'),
  start: (scope, site) => startRival(scope, site, 'fastify-http-proxy'),
}

async function startRival(scope: Parameters<System['start']>[0], site: Site, name: string) {
  if (site.table === 'costly') throw new Unavailable('has no predicates to tell routes apart by')
  const port = await freePort()
  const rival: RivalSite = { ...site, table: site.table, port }
  const script = fileURLToPath(new URL(`../rivals/${name}.ts`, import.meta.url))
  const command = [process.execPath, script, JSON.stringify(rival)]
  return serve(scope, { name, command, port, cores: site.cores, folder: site.folder })
}
