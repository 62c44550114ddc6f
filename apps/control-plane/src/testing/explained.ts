import assert from 'node:assert/strict'
import { ExplainRequest, type ExplainRequestInput, type Explanation, type SnapshotConfig } from '@vrata/model'
import { compileSnapshot, type SecretPointer } from '@vrata/snapshot'
import { explanationOf } from '../explain/explanation.ts'
import { chooseListener } from '../explain/listener-choice.ts'

/** For tests: the explanation of a request by a configuration that has one listener unless told otherwise. */
export function explained(
  lists: Partial<SnapshotConfig>,
  sample: ExplainRequestInput = {},
  secretPointers: readonly SecretPointer[] = [],
): Explanation {
  const listeners = [{ id: 'l', name: 'web', port: 8080 }]
  const config = { listeners, routes: [], groups: [], destinations: [], middlewares: [], ...lists }
  const { compiled, problems } = compileSnapshot(config, { warnings: false })
  assert.deepEqual(problems, [])
  assert.ok(compiled)
  const request = ExplainRequest.parse(sample)
  const listener = chooseListener(request, compiled.listeners)
  assert.ok(listener)
  const source = { kind: 'snapshot', id: 's', hash: 'h', compiled, secretPointers } as const
  return explanationOf(request, source, listener, request.seed ?? 1)
}
