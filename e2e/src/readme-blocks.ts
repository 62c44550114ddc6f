/** A fenced block of the README that is executed. */
export interface RunBlock {
  readonly kind: 'run'
  /** Word after `run:`; blocks with one word belong together. */
  readonly group: string
  readonly text: string
  readonly line: number
}

/** A fenced block that the block before it has to print. */
export interface ExpectBlock {
  readonly kind: 'expect'
  readonly text: string
  readonly line: number
}

/**
 * The blocks of a Markdown text that stand directly below `<!-- run: GROUP -->` or `<!-- expect -->`, in order. A mark
 * without a fenced block below it is an error: the block would silently not be tested.
 */
export function markedBlocks(markdown: string): (RunBlock | ExpectBlock)[] {
  const lines = markdown.split('\n')
  const blocks: (RunBlock | ExpectBlock)[] = []
  lines.forEach((line, index) => {
    const mark = /^<!-- (?:run: ([a-z]+)|(expect)) -->$/.exec(line)
    if (!mark) return
    const fence = lines[index + 1] ?? ''
    const end = lines.indexOf('```', index + 2)
    if (!fence.startsWith('```') || end < 0) throw new Error(`line ${index + 1}: no fenced block below ${line}`)
    const text = lines.slice(index + 2, end).join('\n')
    const group = mark[1]
    blocks.push(
      group === undefined ? { kind: 'expect', text, line: index + 2 } : { kind: 'run', group, text, line: index + 2 },
    )
  })
  return blocks
}
