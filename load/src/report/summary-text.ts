import pico from 'picocolors'
import { printable } from 'postern-documents/printable'
import type { LoadResult } from '../contract.ts'
import { durationText, listText, timeText } from './figures.ts'
import { type ReportTable, reportTables, titledColumns } from './report-tables.ts'
import { type Paint, textTable } from './text-table.ts'
import { verdictOf } from './verdict.ts'

const width = 80
/** The page shows all of them. */
const maxRows = 12

/**
 * The end of a load test for a terminal of 80 columns: first in words whether it passed, whether the client was the
 * bottleneck and whether it was interrupted; then the account. Ends with a line feed; without `color` it is plain text.
 */
export function summaryText(result: LoadResult, { color }: { readonly color: boolean }): string {
  const paint = painter(color)
  const tables = reportTables(result)
  const parts = [
    verdictText(result, paint),
    ...[tables.thresholds, tables.checks, tables.latencies, tables.traffic, tables.delivery, tables.connections],
    ...[tables.errors, tables.errorSamples, tables.closes, tables.statuses, tables.processes, tables.workers],
    tables.phases,
  ]
  return `${parts
    .filter((each) => each !== null)
    .map((each) => (typeof each === 'string' ? each : tableText(each, paint)))
    .join('\n\n')}\n`
}

export function painter(color: boolean): Paint {
  const colours = pico.createColors(color)
  return (text, tone) => {
    switch (tone) {
      case 'good':
        return colours.green(text)
      case 'warn':
        return colours.yellow(text)
      case 'bad':
        return colours.red(text)
      case 'soft':
        return colours.dim(text)
      case 'strong':
        return colours.bold(text)
      case 'plain':
        return text
    }
  }
}

function verdictText(result: LoadResult, paint: Paint): string {
  const { run, client } = result
  const about = `${timeText(run.startedAt)}, ${durationText(run.duration)}, ${run.machine.cores} cores, postern ${run.versions.postern}`
  const findings = verdictOf(result).map(({ tone, title: name, sentences }) =>
    wrapped(`${name}. ${sentences.join(' ')}`, width - 2)
      .map((line, index) =>
        index === 0 ? `${mark(tone, paint)} ${emphasized(line, `${name}.`, tone, paint)}` : `  ${line}`,
      )
      .join('\n'),
  )
  const notes = client.notes.flatMap((note) => wrapped(`Note: ${note}`, width))
  const [first = '', ...others] = wrapped(`${run.scenario}  ${listText(run.targets)}`, width)
  const title = [emphasized(first, printable(run.scenario), 'plain', paint), ...others]
  return [...title, ...wrapped(about, width).map((line) => paint(line, 'soft')), '', ...findings, ...notes].join('\n')
}

function mark(tone: string, paint: Paint): string {
  if (tone === 'good') return paint('✔', 'good')
  if (tone === 'bad') return paint('✘', 'bad')
  return tone === 'warn' ? paint('!', 'warn') : '·'
}

function emphasized(line: string, title: string, tone: Parameters<Paint>[1], paint: Paint): string {
  return line.startsWith(title) ? `${paint(paint(title, tone), 'strong')}${line.slice(title.length)}` : line
}

function tableText(table: ReportTable, paint: Paint): string {
  const more = table.rows.length - maxRows
  const shown = more > 1 ? { ...table, rows: table.rows.slice(0, maxRows) } : table
  return [
    textTable({ ...shown, columns: titledColumns(table) }, paint, width),
    ...(more > 1 ? [paint(`and ${more} more`, 'soft')] : []),
    ...(table.note === null ? [] : wrapped(table.note, width).map((line) => paint(line, 'soft'))),
  ].join('\n')
}

/** Lines of at most so many characters; a word that is longer stands alone. */
export function wrapped(text: string, columns: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of printable(text).split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
