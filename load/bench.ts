// npm run bench: the gateway beside bare servers that do the same, row by row. See load/README.md.
import { parseArgs } from 'node:util'
import { type Measurement, measure } from './measure.ts'
import { type Line, summarize, terminalTable } from './report.ts'
import { type Row, rows } from './rows.ts'
import { baseline, gateway, prepareApis, type StartTarget, startBackend } from './targets.ts'
import { writePerformancePage } from './write-page.ts'

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    clients: { type: 'string', default: '2' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    against: { type: 'string' },
    prof: { type: 'string' },
  },
})

const chosen = flags.only === undefined ? rows : rows.filter(({ name }) => flags.only?.includes(name))
if (chosen.length === 0) throw new Error(`--only takes: ${rows.map(({ name }) => name).join(', ')}`)
const rounds = flags.quick ? 1 : Number(flags.rounds)
const options = {
  warmUpSeconds: flags.quick ? 1 : 2,
  seconds: flags.quick ? 1.5 : Number(flags.seconds),
  clients: Number(flags.clients),
}

const backend = await startBackend()
const backendUrl = `http://127.0.0.1:${backend.port}`
const apis = await prepareApis(backendUrl)
try {
  const lines: Line[] = []
  for (const row of chosen) lines.push(await compare(row))
  if (flags.json) process.stdout.write(`${JSON.stringify(lines, null, 2)}\n`)
  else process.stdout.write(`${terminalTable(lines)}\n`)
  if (flags.write) await writePerformancePage(lines, { rounds, ...options })
  if (lines.some(({ withinBudget }) => withinBudget === false)) process.exitCode = 1
} finally {
  await Promise.all([backend.stop(), apis.remove()])
}

/** Both sides in turn, each in a fresh process; who goes first changes from round to round. */
async function compare(row: Row): Promise<Line> {
  const nodeOptions = flags.prof === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${flags.prof}`]
  const ours =
    flags.against === undefined ? gateway(apis.path, nodeOptions) : baseline(flags.against, backendUrl, nodeOptions)
  const sides = { gateway: ours, baseline: baseline(row.baseline, backendUrl, nodeOptions) }
  const results: Record<keyof typeof sides, Measurement[]> = { gateway: [], baseline: [] }
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? (['gateway', 'baseline'] as const) : (['baseline', 'gateway'] as const)
    for (const side of order) results[side].push(await run(row, side, sides[side], round))
  }
  return summarize({ row, ...results })
}

async function run(row: Row, side: string, start: StartTarget, round: number): Promise<Measurement> {
  const measurement = await measure(row, start, options)
  const { value, rate } = measurement
  process.stderr.write(
    `${row.name} ${round + 1}/${rounds} ${side}: ${value.toFixed(2)} ${row.unit}, ${Math.round(rate)}/s\n`,
  )
  return measurement
}
