// npm run bench: the gateway beside bare servers that do the same, row by row. See load/bench/README.md.
import { availableParallelism, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { benchPeers } from './bench-peers.ts'
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
    peers: { type: 'boolean', default: false },
    with: { type: 'string', multiple: true },
  },
})

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
// Lets what has to go with us hear of our end.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const { only, json, write } = flags
// Longer than for one's own: most peers have turns with a few others between them, and some have to warm up.
if (flags.peers)
  await benchPeers({
    ...options,
    warmUpSeconds: 2 * options.warmUpSeconds,
    only,
    with: flags.with,
    json,
    write,
    rounds,
  })
else await benchBaselines()

async function benchBaselines(): Promise<void> {
  const chosen = flags.only === undefined ? rows : rows.filter(({ name }) => flags.only?.includes(name))
  if (chosen.length === 0) throw new Error(`--only takes: ${rows.map(({ name }) => name).join(', ')}`)
  const backend = await startBackend()
  const backendUrl = `http://127.0.0.1:${backend.port}`
  const apis = await prepareApis(backendUrl)
  const site = { backend: backendUrl, apis: apis.path }
  try {
    const lines: Line[] = []
    for (const row of chosen) lines.push(await compare(row, site))
    if (flags.json) process.stdout.write(`${JSON.stringify(lines, null, 2)}\n`)
    else process.stdout.write(`${terminalTable(lines)}\n${limitsTable(lines)}`)
    if (flags.write) await writePerformancePage(lines, { rounds, ...options })
    if (lines.some((line) => line.withinBudget === false || line.limits.some(({ kept }) => !kept))) process.exitCode = 1
  } finally {
    await Promise.all([backend.stop(), apis.remove()])
  }
}

/** The surroundings of the servers. */
interface Site {
  readonly backend: string
  readonly apis: string
}

async function compare(row: Row, site: Site): Promise<Line> {
  const nodeOptions =
    flags.prof === undefined ? [] : ['--cpu-prof', '--cpu-prof-interval=200', `--cpu-prof-dir=${flags.prof}`]
  const targets = [ours(row, site, nodeOptions), theirs(row, site, nodeOptions)]
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

function ours({ workers }: Row, { apis, backend }: Site, nodeOptions: readonly string[]): StartTarget {
  if (flags.against !== undefined) return baseline(flags.against, backend, nodeOptions)
  return workers === undefined ? gateway(apis, nodeOptions) : gatewayFleet(apis, workers, nodeOptions)
}

function theirs(row: Row, { apis, backend }: Site, nodeOptions: readonly string[]): StartTarget {
  return row.baseline === 'one gateway' ? gateway(apis, nodeOptions) : baseline(row.baseline, backend, nodeOptions)
}
