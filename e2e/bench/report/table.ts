/** A table whose first column names the rows and whose other columns hold figures. */
export interface Table {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** The table for a terminal: the first column on the left, the others on the right, two blanks between. */
export function plainTable({ columns, rows }: Table): string {
  const lines = [columns, ...rows]
  const widths = columns.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
  return lines
    .map((line) =>
      widths
        .map((width, column) =>
          column === 0 ? (line[column] ?? '').padEnd(width) : (line[column] ?? '').padStart(width),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** The table as Markdown. */
export function markdownTable({ columns, rows }: Table): string {
  const line = (cells: readonly string[]): string =>
    `| ${columns.map((_, column) => (cells[column] ?? '').replaceAll('|', '\\|')).join(' | ')} |`
  const rule = `|${columns.map((_, column) => (column === 0 ? '---' : '---:')).join('|')}|`
  return [line(columns), rule, ...rows.map(line)].join('\n')
}

/** `12,345`: a whole number with its thousands apart. */
export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** `0.61`, `12.3`, `123`: three digits at most. */
export function short(value: number): string {
  const size = Math.abs(value)
  return value.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2)
}

/** `61 %` of a share between 0 and 1. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`
}
