import {
  type DeliveryAccount,
  type LatencyName,
  type LoadResult,
  latencyNames,
  type ProcessResult,
} from '../contract.ts'
import { bytesText, clockText, countText, figureText, fixedText, none, rateText } from './figures.ts'
import { meaningOf, type Tone } from './verdict.ts'

/** A table that both the terminal and the page show. Cells are text that nobody has escaped yet. */
export interface ReportTable {
  readonly title: string
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly Cell[])[]
  /** A remark that a reader needs to read the table right. */
  readonly note: string | null
}

export interface Column {
  readonly name: string
  readonly align: 'left' | 'right'
  /** On a terminal its end is cut off rather than wrapped. */
  readonly isClipped?: boolean
}

export type Cell = string | { readonly text: string; readonly tone: Tone }

/** The tables of a result by what they are about; null where there is nothing to show. */
export interface ReportTables {
  readonly thresholds: ReportTable | null
  readonly checks: ReportTable | null
  readonly latencies: ReportTable | null
  readonly traffic: ReportTable
  readonly connections: ReportTable
  readonly delivery: ReportTable | null
  readonly errors: ReportTable | null
  readonly errorSamples: ReportTable | null
  readonly closes: ReportTable | null
  readonly statuses: ReportTable | null
  readonly processes: ReportTable | null
  readonly workers: ReportTable | null
  readonly phases: ReportTable
}

export function reportTables(result: LoadResult): ReportTables {
  return {
    thresholds: thresholdTable(result),
    checks: checkTable(result),
    latencies: latencyTable(result),
    traffic: trafficTable(result),
    connections: connectionTable(result),
    delivery: deliveryTable(result),
    errors: errorTable(result),
    errorSamples: sampleTable(result),
    closes: closeTable(result),
    statuses: statusTable(result),
    processes: processTable(result),
    workers: workerTable(result),
    phases: phaseTable(result),
  }
}

/** Headlines of tables take much room: the first column carries them. */
export function titledColumns({ title, columns: [first, ...others] }: ReportTable): readonly Column[] {
  return first === undefined ? [] : [{ ...first, name: title }, ...others]
}

const left = (name: string): Column => ({ name, align: 'left' })
const right = (name: string): Column => ({ name, align: 'right' })
const flagged = (count: number, tone: Tone): Cell =>
  count > 0 && tone !== 'plain' ? { text: countText(count), tone } : countText(count)

function filled(title: string, columns: Column[], rows: Cell[][], note: string | null = null): ReportTable | null {
  return rows.length === 0 ? null : { title, columns, rows, note }
}

function thresholdTable({ thresholds }: LoadResult): ReportTable | null {
  const rows = thresholds.map(({ threshold, actual, unit, passed }): Cell[] => [
    threshold,
    actual === null ? 'not measured' : `${figureText(actual)}${unit === '' ? '' : unit === '/s' ? unit : ` ${unit}`}`,
    passed ? { text: 'holds', tone: 'good' } : { text: 'does not hold', tone: 'bad' },
  ])
  return filled('Thresholds', [left('Threshold'), right('Measured'), left('Result')], rows)
}

function checkTable({ checks }: LoadResult): ReportTable | null {
  const rows = checks.map(({ name, passed, failed, sample }): Cell[] => [
    name,
    countText(passed),
    flagged(failed, 'bad'),
    sample ?? none,
  ])
  return filled('Checks', [left('Check'), right('Passed'), right('Failed'), left('First failure')], rows)
}

/** Names of the latencies in reports, and from when to when each of them goes. */
export const latencyMeanings: Readonly<Record<LatencyName, { readonly name: string; readonly meaning: string }>> = {
  handshake: { name: 'handshake', meaning: 'connect called → 101 read, TCP and TLS included' },
  reply: { name: 'reply', meaning: 'a message was due → its reply read' },
  push: { name: 'push', meaning: 'a POST to @connections was due → its frame read by the client' },
  post: { name: 'post', meaning: 'a POST to @connections was due → its HTTP answer read' },
  fanOut: { name: 'fan-out', meaning: 'a message was due → its frame read by another client of the group' },
  rest: { name: 'REST', meaning: 'a REST request left → its answer read' },
}

function latencyTable({ latencies }: LoadResult): ReportTable | null {
  const rows = latencyNames.flatMap((name): Cell[][] => {
    const latency = latencies[name]
    if (latency === null) return []
    const { count, mean, p50, p90, p99, p999, max } = latency
    return [[latencyMeanings[name].name, countText(count), ...[mean, p50, p90, p99, p999, max].map(fixedText)]]
  })
  const columns = [left('Kind'), ...['Count', 'Mean', 'p50', 'p90', 'p99', 'p99.9', 'Max'].map(right)]
  return filled(
    'Latency in ms',
    columns,
    rows,
    'Measured phases only. From when a message was due, not from when it left.',
  )
}

function trafficTable({ totals }: LoadResult): ReportTable {
  const { messages, pushes, rest, bytes, rates } = totals
  const rows: Cell[][] = []
  if (messages.out + messages.in + messages.unsent > 0) {
    rows.push(
      ['messages sent', countText(messages.out), rateText(rates.messagesOut)],
      ['messages received', countText(messages.in), rateText(rates.messagesIn)],
      ['replies', countText(messages.replies), none],
      ['not sent in time', flagged(messages.unsent, 'warn'), none],
      ['neither reply, push nor fan-out', countText(messages.unexpected), none],
    )
  }
  if (pushes.posted > 0) {
    rows.push(
      ['pushes posted', countText(pushes.posted), none],
      ['pushes accepted', countText(pushes.accepted), none],
      ['pushes received', countText(pushes.received), rateText(rates.pushes)],
      ['pushes not posted in time', flagged(pushes.unsent, 'warn'), none],
    )
  }
  if (rest.requests > 0) rows.push(['REST requests', countText(rest.requests), rateText(rates.rest)])
  rows.push(['bytes sent', bytesText(bytes.out), none], ['bytes received', bytesText(bytes.in), none])
  const columns = [left('Messages'), right('Whole run'), right('Measured phases')]
  return { title: 'Messages', columns, rows, note: null }
}

function connectionTable({ totals: { connections, rates } }: LoadResult): ReportTable {
  const rows: Cell[][] = [
    ['attempted', countText(connections.attempted), none],
    ['opened', countText(connections.opened), rateText(rates.handshakes)],
    ['failed', flagged(connections.failed, 'bad'), none],
    ['most open at a time', countText(connections.peak), none],
    ['missing at the end', flagged(connections.missing, 'warn'), none],
  ]
  const columns = [left('Connections'), right('Whole run'), right('Measured phases')]
  return { title: 'Connections', columns, rows, note: null }
}

/** Each member of an account, what it means, and what it is when it is not 0. */
const accountRows: readonly (readonly [keyof DeliveryAccount, string, Tone, string])[] = [
  ['expected', 'expected', 'plain', 'Frames that clients should have got.'],
  ['received', 'received', 'plain', 'Each once, however often it came.'],
  ['lost', 'lost', 'bad', 'Never came, although the client stayed connected.'],
  ['cutOff', 'cut off', 'plain', 'Not there when the connection of the client ended.'],
  ['duplicated', 'duplicated', 'warn', 'Came once more.'],
  ['outOfOrder', 'out of order', 'warn', 'Came after a later one of the same sender.'],
  ['unannounced', 'unannounced', 'warn', 'Came although the POST was refused.'],
]

function deliveryTable({ delivery: { pushes, fanOut } }: LoadResult): ReportTable | null {
  const accounts = [...(pushes === null ? [] : [pushes]), ...(fanOut === null ? [] : [fanOut])]
  const names = [...(pushes === null ? [] : ['Pushes']), ...(fanOut === null ? [] : ['Fan-out'])]
  if (accounts.length === 0) return null
  const rows = accountRows.map(([member, name, tone, meaning]): Cell[] => [
    name,
    ...accounts.map((each) => flagged(each[member], tone)),
    meaning,
  ])
  const note = 'expected = received + lost + cut off'
  return { title: 'Delivery', columns: [left('Frames'), ...names.map(right), left('Meaning')], rows, note }
}

const mostFirst = <Key extends string>(counts: Readonly<Partial<Record<Key, number>>>) =>
  (Object.entries(counts) as [Key, number][]).sort(([, a], [, b]) => b - a)

function errorTable({ errors }: LoadResult): ReportTable | null {
  const rows = mostFirst(errors).map(([kind, count]): Cell[] => [kind, flagged(count, 'bad'), meaningOf(kind)])
  return filled('Errors', [left('Kind'), right('Count'), left('Meaning')], rows)
}

function sampleTable({ errorSamples }: LoadResult): ReportTable | null {
  const rows = errorSamples.map(({ kind, message, count }): Cell[] => [kind, countText(count), message])
  return filled('What errors said', [left('Kind'), right('Count'), left('Message')], rows)
}

/** RFC 6455 §7.4.1. */
const closeMeanings: Readonly<Record<string, string>> = {
  1000: 'Normal end.',
  1001: 'One side goes away: a shutdown, an idle timeout.',
  1002: 'Protocol error.',
  1003: 'A kind of data that is not accepted.',
  1005: 'A close frame without a code.',
  1006: 'The socket ended without a close frame.',
  1007: 'Text that is not UTF-8.',
  1008: 'A rule was broken, or the client reads too slowly.',
  1009: 'A message is too big.',
  1010: 'An extension is missing.',
  1011: 'The server met a fault.',
  1012: 'The server restarts.',
  1013: 'The server is overloaded.',
  1015: 'The TLS handshake failed.',
}

function closeTable({ closes }: LoadResult): ReportTable | null {
  const rows = mostFirst(closes).map(([code, count]): Cell[] => [code, countText(count), closeMeaning(code)])
  return filled('Closes', [left('Code'), right('Count'), left('Meaning')], rows)
}

function closeMeaning(code: string): string {
  if (Object.hasOwn(closeMeanings, code)) return closeMeanings[code] as string
  return Number(code) >= 4000 ? 'A code of the application.' : 'A code of a library or extension.'
}

function statusTable({ statuses }: LoadResult): ReportTable | null {
  const of = (what: string, counts: Readonly<Record<string, number>>) =>
    mostFirst(counts).map(([status, count]): Cell[] => [what, status, countText(count)])
  const rows = [
    ...of('handshake', statuses.handshakes),
    ...of('POST to @connections', statuses.posts),
    ...of('REST request', statuses.rest),
  ]
  return filled('HTTP answers', [left('Of'), right('Status'), right('Count')], rows)
}

function processTable({ processes, phases }: LoadResult): ReportTable | null {
  const measured = (second: number) => phases.some((each) => each.measured && second >= each.from && second < each.to)
  const rows = processes.map(({ name, pid, command, samples }): Cell[] => {
    const { cpuMean, cpuMax, memoryMax } = processFigures(samples, measured)
    return [name, String(pid), fixedText(cpuMean), fixedText(cpuMax), bytesText(memoryMax), command]
  })
  const columns = [
    left('Process'),
    right('pid'),
    right('CPU'),
    right('Max'),
    right('Memory'),
    { ...left('Command'), isClipped: true },
  ]
  const note = 'CPU in cores, mean of the measured phases and busiest second; memory at its highest.'
  return filled('Target processes', columns, rows, note)
}

interface ProcessFigures {
  readonly cpuMean: number | null
  readonly cpuMax: number | null
  readonly memoryMax: number | null
}

function processFigures(samples: ProcessResult['samples'], measured: (second: number) => boolean): ProcessFigures {
  let [sum, count, cpuMax, memoryMax] = [0, 0, 0, 0]
  for (const { second, cpu, memoryBytes } of samples) {
    cpuMax = Math.max(cpuMax, cpu)
    memoryMax = Math.max(memoryMax, memoryBytes)
    if (measured(second)) {
      sum += cpu
      count++
    }
  }
  if (samples.length === 0) return { cpuMean: null, cpuMax: null, memoryMax: null }
  return { cpuMean: count === 0 ? null : sum / count, cpuMax, memoryMax }
}

function workerTable({ client: { workers } }: LoadResult): ReportTable | null {
  const rows = workers.map((each): Cell[] => [
    String(each.pid),
    countText(each.connections),
    `${fixedText(each.lagP99)} ms`,
    `${fixedText(each.lagMax)} ms`,
    fixedText(each.cpuMean),
    fixedText(each.cpuMax),
    bytesText(each.peakMemoryBytes),
  ])
  const columns = ['pid', 'Connections', 'Lag p99', 'Lag max', 'CPU', 'Max', 'Memory'].map(right)
  const note = 'Lag is how late the event loop was; CPU in cores, where 1 is all that a worker can use.'
  return filled('Client workers', columns, rows, note)
}

function phaseTable({ phases }: LoadResult): ReportTable {
  const rows = phases.map(({ name, kind, from, to, connections, measured }, index): Cell[] => [
    // Phases without a name of their own are called by their number anyway.
    name === `${kind} ${index + 1}` ? name : `${index + 1} ${name}`,
    kind,
    `${clockText(from)} – ${clockText(to)}`,
    countText(connections),
    measured ? 'yes' : 'no',
  ])
  const columns = [left('Phase'), left('Kind'), left('Time'), right('Connections'), left('Measured')]
  return { title: 'Phases', columns, rows, note: null }
}
