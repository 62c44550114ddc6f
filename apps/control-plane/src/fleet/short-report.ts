import type { Ack } from '@vrata/model'

/** How much is kept of what one proxy says is wrong, in characters of JSON: there may be thousands of proxies. */
const mostProblems = 8 * 1024

/** A report with as many of its first problems as are kept, and whether there were more. */
export function inShort(ack: Ack): { readonly ack: Ack; readonly truncated: boolean } {
  const { problems } = ack
  if (problems === undefined) return { ack, truncated: false }
  let size = 0
  const tooMuch = problems.findIndex((problem) => {
    size += JSON.stringify(problem).length
    return size > mostProblems
  })
  if (tooMuch < 0) return { ack, truncated: false }
  return { ack: { ...ack, problems: problems.slice(0, tooMuch) }, truncated: true }
}
