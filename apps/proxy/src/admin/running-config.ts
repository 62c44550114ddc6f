import type { CompiledSnapshot } from '@vrata/snapshot'
import { publicConfig } from './public-config.ts'

/** The configuration of a running snapshot as `/config?full` shows it: in the form of a snapshot, secrets left out. */
export function runningConfig({ listeners, destinations, middlewares, table }: CompiledSnapshot): unknown {
  const routes = new Set(table.entries.map(({ route }) => route))
  const groups = new Set(table.entries.flatMap(({ group }) => group ?? []))
  return publicConfig({
    listeners: [...listeners.values()],
    routes: [...routes],
    groups: [...groups],
    destinations: [...destinations.values()],
    middlewares: [...middlewares.values()],
  })
}
