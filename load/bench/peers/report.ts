import Table from 'cli-table3'
import { micros } from '../report.ts'
import type { PeerLine, WorkResult } from './compare.ts'

const columns = ['server', 'cost', '÷ Postern', '±', 'rate', 'p50', 'p99', 'answer p50', 'answer p99', 'cores used']

/** The tables for a terminal. */
export function peersForTerminal(results: readonly WorkResult[]): string {
  return results
    .map((result) => {
      const { head, rows } = table(result)
      const shown = new Table({ head, style: { head: [], border: [] } })
      shown.push(...rows)
      return `${result.work.title}\n${shown}\n${notes(result)}`
    })
    .join('\n')
}

/** The same in Markdown, each under a heading. */
export function peersInMarkdown(results: readonly WorkResult[]): string {
  return results
    .map((result) => {
      const { head, rows } = table(result)
      const rule = head.map((_, i) => (i === 0 ? '---' : '--:'))
      const lines = [head, rule, ...rows].map((row) => `| ${row.join(' | ')} |`)
      return `### ${result.work.title}\n\n${result.work.explanation}\n\n${lines.join('\n')}\n\n${notes(result)}`
    })
    .join('\n')
}

/** Columns in which nothing was measured are left out. */
function table(result: WorkResult): { head: string[]; rows: string[][] } {
  const rows = result.lines.map((line) => cells(line, result.work.unit))
  const shown = columns.map((_, i) => i < 2 || rows.some((row) => row[i] !== '–'))
  const keep = (row: readonly string[]) => row.filter((_, i) => shown[i])
  return { head: keep(columns), rows: rows.map(keep) }
}

function cells({ peer, figures, ratio }: PeerLine, unit: 'cpu' | 'bytes'): string[] {
  if (figures === null) return [peer, 'n/a', ...columns.slice(2).map(() => '–')]
  return [
    peer,
    unit === 'bytes' ? `${whole(figures.value)} B` : `${figures.value.toFixed(2)} µs CPU`,
    ratio === null ? '–' : ratio.toFixed(2),
    `${(figures.spread * 100).toFixed(0)} %`,
    `${whole(figures.rate)}/s`,
    micros(figures.p50),
    micros(figures.p99),
    micros(figures.answerP50),
    micros(figures.answerP99),
    Number.isNaN(figures.load) ? '–' : figures.load.toFixed(2),
  ]
}

function notes({ lines }: WorkResult): string {
  return lines
    .filter(({ note }) => note !== null)
    .map(({ peer, figures, note }) => `- ${peer}${figures === null ? ' (n/a)' : ''}: ${note}.\n`)
    .join('')
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}
