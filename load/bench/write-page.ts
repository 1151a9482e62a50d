import { readFile, writeFile } from 'node:fs/promises'
import { cpus, release, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { MeasureOptions } from './measure.ts'
import { type Line, limitsTable, markdownTable } from './report.ts'

const page = fileURLToPath(new URL('../../docs/performance.md', import.meta.url))
/** The machine and the options that a table was measured with. */
type RunOptions = Pick<MeasureOptions, 'seconds' | 'clients'> & { readonly rounds: number }

/** Puts the table, and what it was measured with, between the markers of docs/performance.md. */
export async function writePerformancePage(lines: readonly Line[], options: RunOptions): Promise<void> {
  const besides = limitsTable(lines).replaceAll(/^(?=.)/gm, '- ')
  await writeSection('bench', `${markdownTable(lines)}\n\n${besides}\n${machineLine('--write', options)}`)
}

/** Replaces what stands between the markers `<!-- name: begin -->` and `<!-- name: end -->` of docs/performance.md. */
export async function writeSection(name: string, section: string): Promise<void> {
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`]
  const text = await readFile(page, 'utf8')
  const [head, rest] = text.split(begin)
  const tail = rest?.split(end)[1]
  if (head === undefined || tail === undefined) throw new Error(`${page} has no ${begin} … ${end}`)
  await writeFile(page, `${head}${begin}\n${section}\n${end}${tail}`)
}

/** Date, versions, machine and length of a run, a sentence. */
export function machineLine(flags: string, { rounds, seconds, clients }: RunOptions): string {
  const [cpu] = cpus()
  const gigabytes = Math.round(totalmem() / 2 ** 30)
  return `Measured on ${new Date().toISOString().slice(0, 10)} with \`npm run bench -- ${flags}\`: \
Node.js ${process.version}, Linux ${release()}, ${cpus().length} × ${cpu?.model ?? 'unknown CPU'}, ${gigabytes} GB; \
${rounds} rounds of ${seconds} s, ${clients} client processes.`
}
