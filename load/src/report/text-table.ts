import Table from 'cli-table3'
import { printable } from 'postern-documents/printable'
import type { Cell, ReportTable } from './report-tables.ts'
import type { Tone } from './verdict.ts'

const gap = 2
const narrowest = 10

/** Makes text of a tone stand out on a terminal; leaves it as it is where nobody looks at colours. */
export type Paint = (text: string, tone: Tone | 'soft' | 'strong') => string

/** A table without rules, at most `width` columns wide where its figures allow it: the widest words are wrapped. */
export function textTable(
  { columns, rows }: Pick<ReportTable, 'columns' | 'rows'>,
  paint: Paint,
  width: number,
): string {
  const natural = columns.map(({ name }, index) =>
    Math.max(name.length, ...rows.map((row) => textOf(row[index] ?? '').length)),
  )
  const bare = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '', mid: '', 'left-mid': '', 'mid-mid': '' }
  const edges = { bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '', left: '', right: '' }
  const widths = fitted(natural, width, (index) => columns[index]?.align === 'left')
  const shown = (cell: Cell, index: number) =>
    columns[index]?.isClipped === true ? clipped(printable(textOf(cell)), widths[index] ?? 0) : printable(textOf(cell))
  const table = new Table({
    head: columns.map(({ name }, index) => paint(name, index === 0 ? 'strong' : 'soft')),
    colAligns: columns.map(({ align }) => align),
    colWidths: widths,
    wordWrap: true,
    chars: { ...bare, ...edges, 'right-mid': '', middle: ' '.repeat(gap) },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  })
  for (const row of rows) {
    table.push(
      row.map((cell, index) => (typeof cell === 'string' ? shown(cell, index) : paint(shown(cell, index), cell.tone))),
    )
  }
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}

/** Takes columns off the widest column of words until the table fits. */
function fitted(natural: readonly number[], width: number, isWords: (index: number) => boolean): number[] {
  const widths = [...natural]
  let excess = widths.reduce((sum, each) => sum + each + gap, -gap) - width
  while (excess > 0) {
    const shrinkable = widths.flatMap((each, index) => (isWords(index) && each > narrowest ? [index] : []))
    if (shrinkable.length === 0) return widths
    const widest = shrinkable.reduce((best, index) => ((widths[index] ?? 0) > (widths[best] ?? 0) ? index : best))
    widths[widest] = (widths[widest] ?? 0) - 1
    excess--
  }
  return widths
}

function clipped(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`
}

export function textOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell.text
}
