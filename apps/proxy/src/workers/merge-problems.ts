import { type Problem, sortProblems } from '@vrata/model'

/** The problems of several workers, each once however many have it. */
export function mergeProblems(lists: readonly (readonly Problem[])[]): readonly Problem[] {
  const seen = new Map(lists.flat().map((problem) => [JSON.stringify(problem), problem]))
  return sortProblems([...seen.values()])
}
