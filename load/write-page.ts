import { readFile, writeFile } from 'node:fs/promises'
import { cpus, release, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { MeasureOptions } from './measure.ts'
import { type Line, limitsTable, markdownTable } from './report.ts'

const page = fileURLToPath(new URL('../docs/performance.md', import.meta.url))
const [begin, end] = ['<!-- bench: begin -->', '<!-- bench: end -->']

/** Puts the table, and what it was measured with, between the markers of docs/performance.md. */
export async function writePerformancePage(
  lines: readonly Line[],
  options: MeasureOptions & { rounds: number },
): Promise<void> {
  const text = await readFile(page, 'utf8')
  const [head, rest] = text.split(begin)
  const tail = rest?.split(end)[1]
  if (head === undefined || tail === undefined) throw new Error(`${page} has no ${begin} … ${end}`)
  await writeFile(page, `${head}${begin}\n${section(lines, options)}\n${end}${tail}`)
}

function section(lines: readonly Line[], { rounds, seconds, clients }: MeasureOptions & { rounds: number }): string {
  const [cpu] = cpus()
  const gigabytes = Math.round(totalmem() / 2 ** 30)
  const besides = limitsTable(lines).replaceAll(/^(?=.)/gm, '- ')
  return `${markdownTable(lines)}

${besides}
Measured on ${new Date().toISOString().slice(0, 10)} with \`npm run bench -- --write\`: Node.js ${process.version}, \
Linux ${release()}, ${cpus().length} × ${cpu?.model ?? 'unknown CPU'}, ${gigabytes} GB; ${rounds} rounds of ${seconds} s, \
${clients} client processes.`
}
