import type { EndpointReport, EndpointState } from '../admin/endpoint-report.ts'

/**
 * The endpoints as all workers together see them. Numbers are summed; of other facts that differ, all values are
 * listed. An endpoint that only some of them know stands in the list as well.
 */
export function mergeEndpoints(reports: readonly (readonly EndpointReport[])[]): EndpointReport[] {
  const destinations = Map.groupBy(reports.flat(), ({ destination }) => destination)
  return [...destinations].map(([destination, same]) => {
    const byAddress = Map.groupBy(
      same.flatMap(({ endpoints }) => endpoints),
      ({ address }) => address,
    )
    return { destination, endpoints: [...byAddress].map(([address, states]) => mergeStates(address, states)) }
  })
}

function mergeStates(address: string, states: readonly EndpointState[]): EndpointState {
  const facts = new Set(states.flatMap((state) => Object.keys(state)))
  facts.delete('address')
  const merged = [...facts].map((fact) => [fact, mergeValues(states.flatMap((state) => state[fact] ?? []))])
  return { address, ...Object.fromEntries(merged) }
}

function mergeValues(values: readonly unknown[]): unknown {
  if (values.every((value) => typeof value === 'number')) return values.reduce((sum, value) => sum + value, 0)
  const different = [...new Set(values)]
  return different.length === 1 ? different[0] : different
}
