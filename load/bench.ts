// npm run bench: the gateway beside bare servers that do the same, row by row. See load/README.md.
import { availableParallelism, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { gatewayFleet } from './fleet-target.ts'
import { type Measurement, measureRound } from './measure.ts'
import { type Line, limitsTable, summarize, terminalTable } from './report.ts'
import { type Row, rows } from './rows.ts'
import { baseline, gateway, prepareApis, type StartTarget, startBackend } from './targets.ts'
import { writePerformancePage } from './write-page.ts'

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    clients: { type: 'string', default: '1' },
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
  warmUpSeconds: flags.quick ? 0.6 : 2,
  seconds: flags.quick ? 1.2 : Number(flags.seconds),
  clients: Number(flags.clients),
}

const [recentLoad = 0] = loadavg()
if (recentLoad > availableParallelism() / 4) {
  process.stderr.write(`The machine is busy (load average ${recentLoad.toFixed(1)}): the figures will be rough.\n`)
}
const backend = await startBackend()
const backendUrl = `http://127.0.0.1:${backend.port}`
const apis = await prepareApis(backendUrl)
try {
  const lines: Line[] = []
  for (const row of chosen) lines.push(await compare(row))
  if (flags.json) process.stdout.write(`${JSON.stringify(lines, null, 2)}\n`)
  else process.stdout.write(`${terminalTable(lines)}\n${limitsTable(lines)}`)
  if (flags.write) await writePerformancePage(lines, { rounds, ...options })
  if (lines.some((line) => line.withinBudget === false || line.limits.some(({ kept }) => !kept))) process.exitCode = 1
} finally {
  await Promise.all([backend.stop(), apis.remove()])
}

async function compare(row: Row): Promise<Line> {
  const nodeOptions =
    flags.prof === undefined ? [] : ['--cpu-prof', '--cpu-prof-interval=200', `--cpu-prof-dir=${flags.prof}`]
  const targets = [ours(row, nodeOptions), theirs(row, nodeOptions)]
  const measurements: Measurement[][] = []
  for (let round = 0; round < rounds; round++) {
    const measured = await measureRound(row, targets, options)
    measurements.push(measured)
    const values = measured.map(({ value }) => value.toFixed(2))
    process.stderr.write(`${row.name} ${round + 1}/${rounds}: ${values.join(' / ')}\n`)
  }
  const side = (index: number) => measurements.map((measured) => measured[index] as Measurement)
  return summarize({ row, gateway: side(0), baseline: side(1) })
}

function ours({ workers }: Row, nodeOptions: readonly string[]): StartTarget {
  if (flags.against !== undefined) return bare(flags.against, nodeOptions)
  return workers === undefined ? gateway(apis.path, nodeOptions) : gatewayFleet(apis.path, workers, nodeOptions)
}

function theirs(row: Row, nodeOptions: readonly string[]): StartTarget {
  return row.baseline === 'one gateway' ? gateway(apis.path, nodeOptions) : bare(row.baseline, nodeOptions)
}

function bare(file: string, nodeOptions: readonly string[]): StartTarget {
  return baseline(file, backendUrl, nodeOptions)
}
