import {
  type ErrorKind,
  errorKinds,
  type LatencyName,
  type LoadResult,
  latencyNames,
  type ThresholdResult,
} from '../contract.ts'

/** The metrics that can stand on the left of a threshold, for documentation and faults. */
export const thresholdMetrics: Readonly<Record<string, { readonly unit: Unit; readonly meaning: string }>> = {
  ...Object.fromEntries(
    latencyNames.map((name) => [
      `${name}.<p50|p75|p90|p95|p99|p99.9|p99.99|mean|min|max>`,
      {
        unit: 'ms',
        meaning: `Latency of ${name}; ${name === 'reply' ? '`p99` alone means this.' : 'see the result.'}`,
      },
    ]),
  ),
  errors: { unit: '%', meaning: 'Errors of all kinds: a share of all operations with %, else how many.' },
  'errors.<kind>': { unit: '', meaning: `How many of a kind: ${Object.keys(errorKinds).join(', ')}.` },
  lost: {
    unit: '%',
    meaning: 'Pushes and fan-out frames that never came: with % a share of those expected, else how many.',
  },
  duplicated: { unit: '%', meaning: 'Pushes and fan-out frames that came again; % as with lost.' },
  outOfOrder: { unit: '%', meaning: 'Pushes and fan-out frames that came after a later one; % as with lost.' },
  cutOff: { unit: '%', meaning: 'Pushes and fan-out frames whose client was disconnected before; % as with lost.' },
  'closes.<code>': { unit: '', meaning: 'How often WebSockets were closed with a code, such as closes.1006.' },
  'handshakes.<status>, posts.<status>, rest.<status>': {
    unit: '',
    meaning: 'How often HTTP was answered with a status, such as posts.429: handshakes, POSTs to @connections, REST.',
  },
  checks: { unit: '%', meaning: 'Checks that held, a share of all; 100 without checks.' },
  connections: { unit: '', meaning: 'Most connections open at a time.' },
  missing: {
    unit: '',
    meaning: 'Connections that should be open, and were not, at the end of the last phase that keeps any.',
  },
  memory: {
    unit: 'MiB',
    meaning:
      'Most resident memory of a process on this machine that serves the target or is watched; MiB or GiB. Linux only.',
  },
  unsent: { unit: '', meaning: 'Messages and POSTs that were due and could not be sent before the end.' },
  unexpected: { unit: '', meaning: 'Frames that are neither a reply, a push nor a fan-out.' },
  rate: { unit: '/s', meaning: 'Messages sent a second over the measured phases.' },
  'received.rate': { unit: '/s', meaning: 'Messages received a second over the measured phases.' },
  'pushes.rate': { unit: '/s', meaning: 'Pushes received a second over the measured phases.' },
  'rest.rate': { unit: '/s', meaning: 'REST requests answered a second over the measured phases.' },
  'handshake.rate': { unit: '/s', meaning: 'Handshakes that succeeded a second over the measured phases.' },
}

export const thresholdForm =
  '<metric> <comparison> <number> <unit>, such as reply.p99 < 50 ms, errors < 0.1 %, lost == 0, closes.1006 == 0, ' +
  'rate >= 1000/s; comparisons are <, <=, >, >=, == and !='

type Unit = ThresholdResult['unit']
type Comparison = '<' | '<=' | '>' | '>=' | '==' | '!='

export interface Threshold {
  readonly text: string
  readonly comparison: Comparison
  /** The limit, in `unit`. */
  readonly limit: number
  readonly unit: Unit
  /** Reads the metric from a result; null when nothing was measured. */
  readonly actual: (result: Measured) => number | null
}

/** The parts of a result that thresholds are judged by. */
export type Measured = Pick<
  LoadResult,
  'latencies' | 'totals' | 'errors' | 'closes' | 'statuses' | 'delivery' | 'checks' | 'processes'
>

const form =
  /^\s*([A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z0-9]+(?:\.[0-9]+)?)?)\s*(<=|>=|==|!=|<|>)\s*(\d+(?:\.\d+)?)\s*(us|µs|ms|s|%|\/s|MiB|GiB)?\s*$/

/** Reads a threshold; null when the text is none. */
export function parseThreshold(text: string): Threshold | null {
  const [, metric = '', comparison, amount, unit = ''] = form.exec(text) ?? []
  if (comparison === undefined || amount === undefined) return null
  const reader = latency(metric, unit) ?? memory(metric, unit) ?? counted(metric, unit)
  if (reader === null) return null
  const limit = Number(amount) * (scales[unit] ?? 1)
  return { text: text.trim(), comparison: comparison as Comparison, limit, unit: reader.unit, actual: reader.actual }
}

const millisOf: Readonly<Record<string, number>> = { us: 0.001, µs: 0.001, ms: 1, s: 1_000 }
const mebibytesOf: Readonly<Record<string, number>> = { MiB: 1, GiB: 1024 }
const scales = { ...millisOf, ...mebibytesOf }

type Reader = Pick<Threshold, 'unit' | 'actual'>

const statistics = {
  p50: 'p50',
  p75: 'p75',
  p90: 'p90',
  p95: 'p95',
  p99: 'p99',
  'p99.9': 'p999',
  'p99.99': 'p9999',
  mean: 'mean',
  min: 'min',
  max: 'max',
} as const

function latency(metric: string, unit: string): Reader | null {
  if (!Object.hasOwn(millisOf, unit)) return null
  const dot = metric.indexOf('.')
  const head = metric.slice(0, Math.max(0, dot))
  const [name, statistic] = (latencyNames as readonly string[]).includes(head)
    ? [head as LatencyName, metric.slice(dot + 1)]
    : (['reply', metric] as const)
  if (!Object.hasOwn(statistics, statistic)) return null
  const member = statistics[statistic as keyof typeof statistics]
  return { unit: 'ms', actual: ({ latencies }) => latencies[name]?.[member] ?? null }
}

function memory(metric: string, unit: string): Reader | null {
  if (metric !== 'memory' || !Object.hasOwn(mebibytesOf, unit)) return null
  return {
    unit: 'MiB',
    actual: ({ processes }) => {
      const sizes = processes.flatMap(({ samples }) => samples.map(({ memoryBytes }) => memoryBytes))
      return sizes.length === 0 ? null : sizes.reduce((most, each) => Math.max(most, each)) / 1024 ** 2
    },
  }
}

function counted(metric: string, unit: string): Reader | null {
  if (unit === '%') return shareOf(metric)
  if (unit === '' || unit === '/s') return rateOf(metric) ?? (unit === '' ? countOf(metric) : null)
  return null
}

function shareOf(metric: string): Reader | null {
  if (metric === 'errors') return { unit: '%', actual: ({ totals }) => totals.errorShare * 100 }
  if (metric === 'checks') return { unit: '%', actual: ({ checks }) => checksShare(checks) }
  const name = accountMember(metric)
  if (name === null) return null
  return {
    unit: '%',
    actual: ({ delivery }) => {
      const expected = sumOf(delivery, 'expected')
      return expected === null ? null : expected === 0 ? 0 : ((sumOf(delivery, name) ?? 0) / expected) * 100
    },
  }
}

function checksShare(checks: Measured['checks']): number {
  const passed = checks.reduce((sum, each) => sum + each.passed, 0)
  const all = checks.reduce((sum, each) => sum + each.passed + each.failed, 0)
  return all === 0 ? 100 : (passed / all) * 100
}

type AccountMember = 'expected' | 'lost' | 'duplicated' | 'outOfOrder' | 'cutOff'

function accountMember(metric: string): AccountMember | null {
  return metric === 'lost' || metric === 'duplicated' || metric === 'outOfOrder' || metric === 'cutOff' ? metric : null
}

/** Sums a member of the accounts of pushes and fan-out; null when the scenario has neither. */
function sumOf({ pushes, fanOut }: Measured['delivery'], member: AccountMember): number | null {
  if (pushes === null && fanOut === null) return null
  return (pushes?.[member] ?? 0) + (fanOut?.[member] ?? 0)
}

const rates: Readonly<Record<string, keyof Measured['totals']['rates']>> = {
  rate: 'messagesOut',
  'received.rate': 'messagesIn',
  'pushes.rate': 'pushes',
  'rest.rate': 'rest',
  'handshake.rate': 'handshakes',
}

function rateOf(metric: string): Reader | null {
  if (!Object.hasOwn(rates, metric)) return null
  const name = rates[metric] as keyof Measured['totals']['rates']
  return { unit: '/s', actual: ({ totals }) => totals.rates[name] }
}

function countOf(metric: string): Reader | null {
  const account = accountMember(metric)
  if (account !== null) return { unit: '', actual: ({ delivery }) => sumOf(delivery, account) }
  if (metric === 'errors') return { unit: '', actual: ({ totals }) => totals.errors }
  if (metric === 'connections') return { unit: '', actual: ({ totals }) => totals.connections.peak }
  if (metric === 'missing') return { unit: '', actual: ({ totals }) => totals.connections.missing }
  if (metric === 'unexpected') return { unit: '', actual: ({ totals }) => totals.messages.unexpected }
  if (metric === 'unsent') {
    return { unit: '', actual: ({ totals }) => totals.messages.unsent + totals.pushes.unsent }
  }
  const [, family, member = ''] = /^(errors|closes|handshakes|posts|rest)\.(\w+)$/.exec(metric) ?? []
  if (family === 'errors' && Object.hasOwn(errorKinds, member)) {
    return { unit: '', actual: ({ errors }) => errors[member as ErrorKind] ?? 0 }
  }
  if (family === 'closes' && /^[1-4]\d{3}$/.test(member)) {
    return { unit: '', actual: ({ closes }) => closes[member] ?? 0 }
  }
  if ((family === 'handshakes' || family === 'posts' || family === 'rest') && /^[1-5]\d\d$/.test(member)) {
    return { unit: '', actual: ({ statuses }) => statuses[family][member] ?? 0 }
  }
  return null
}

/** Judges one threshold. What was not measured does not hold. */
export function judge({ text, comparison, limit, unit, actual }: Threshold, result: Measured): ThresholdResult {
  const value = actual(result)
  return { threshold: text, actual: value, unit, passed: value !== null && holds(value, comparison, limit) }
}

function holds(value: number, comparison: Comparison, limit: number): boolean {
  switch (comparison) {
    case '<':
      return value < limit
    case '<=':
      return value <= limit
    case '>':
      return value > limit
    case '>=':
      return value >= limit
    case '==':
      return value === limit
    case '!=':
      return value !== limit
  }
}
