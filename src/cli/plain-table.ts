import { printable } from 'postern-documents/printable'

/**
 * Draws a table without rules, so that it can be cut up by a pipe too; ends with a line feed. Drawn by hand, since it
 * may have a hundred thousand rows: what draws tables for terminals takes minutes for those.
 */
export function plainTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows.map((cells) => cells.map(printable))]
  const widths = head.map((_, column) => lines.reduce((width, cells) => Math.max(width, widthOf(cells[column])), 0))
  return lines
    .map(
      (cells) =>
        `${cells
          .map((cell, i) => padded(cell, widths[i] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}

function widthOf(text = ''): number {
  return [...text].length
}

function padded(text: string, width: number): string {
  return text + ' '.repeat(width - widthOf(text))
}

/** A length of time for people: `12s`, `3m4s`, `5h6m`, `7d8h`. */
export function ageText(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${seconds % 60}s`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h${Math.floor((seconds % 3600) / 60)}m`
  return `${Math.floor(seconds / 86_400)}d${Math.floor((seconds % 86_400) / 3600)}h`
}
