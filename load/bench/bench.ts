// npm run bench: the gateway beside bare servers that do the same, row by row. See load/bench/README.md.
import { availableParallelism, loadavg } from 'node:os'
import { readBenchOptions } from './bench-options.ts'
import { benchPeers } from './bench-peers.ts'
import { gatewayFleet } from './fleet-target.ts'
import { type Measurement, measureRound } from './measure.ts'
import { programVersion } from './peers/installed.ts'
import { type Line, limitsTable, summarize, terminalTable } from './report.ts'
import { nodeRows, type Row, rows, rowsFor } from './rows.ts'
import {
  baseline,
  gateway,
  prepareApis,
  type StartTarget,
  signedGateway,
  startBackend,
  throttledGateway,
} from './targets.ts'
import { tokenGateway } from './token-gateway.ts'
import { writePerformancePage } from './write-page.ts'

const read = readBenchOptions(process.argv.slice(2))
if ('says' in read) {
  const output = read.exitCode === 0 ? process.stdout : process.stderr
  output.write(read.says)
  process.exit(read.exitCode)
}
const { flags, rounds } = read
const options = { warmUpSeconds: read.warmUpSeconds, seconds: read.seconds, clients: read.clients }

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
  const all = flags.transport === 'node' ? nodeRows : rows
  const wanted = flags.only === undefined ? all : all.filter(({ name }) => flags.only?.includes(name))
  const { chosen, leftOut } = rowsFor(wanted, await programVersion('redis-server', '--version'))
  for (const line of leftOut) process.stderr.write(`${line}\n`)
  if (chosen.length === 0) {
    process.exitCode = 1
    return
  }
  const backend = await startBackend()
  const backendUrl = `http://127.0.0.1:${backend.port}`
  const apis = await prepareApis(backendUrl)
  const site = { backend: backendUrl, apis: apis.path }
  try {
    const lines: Line[] = []
    for (const row of chosen) lines.push(await compare(row, site))
    if (flags.json) process.stdout.write(`${JSON.stringify(lines, null, 2)}\n`)
    else process.stdout.write(`${terminalTable(lines)}\n${limitsTable(lines)}`)
    if (flags.write && (leftOut.length > 0 || flags.transport !== undefined)) {
      process.stderr.write('Nothing is written into docs/performance.md: its table has every row.\n')
      process.exitCode = 1
    } else if (flags.write) await writePerformancePage(lines, { rounds, ...options })
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

function ours(
  { workers, isSigned, isThrottled, showsToken }: Row,
  { apis, backend }: Site,
  nodeOptions: readonly string[],
): StartTarget {
  if (flags.against !== undefined) return baseline(flags.against, backend, nodeOptions)
  if (isSigned) return signedGateway(apis, nodeOptions, flags.transport)
  if (isThrottled) return throttledGateway(apis, nodeOptions, flags.transport)
  if (showsToken) return tokenGateway(apis, nodeOptions, flags.transport)
  return workers === undefined ? gateway(apis, nodeOptions, flags.transport) : gatewayFleet(apis, workers, nodeOptions)
}

function theirs(row: Row, { apis, backend }: Site, nodeOptions: readonly string[]): StartTarget {
  if (row.baseline !== 'one gateway') return baseline(row.baseline, backend, nodeOptions)
  const { baselineLoad: load } = row
  if (load === undefined) return gateway(apis, nodeOptions)
  const start = gateway(apis, nodeOptions, flags.transport)
  return async () => ({ ...(await start()), load })
}
