import { Command, InvalidArgumentError, Option } from 'commander'
import type { CommandContext } from './command.ts'
import type { ManagementClient, ShownUsage, ShownUsageRow } from './management-client.ts'
import { type ManagementGiven, runManaged, withManagement } from './management-command.ts'
import { plainTable } from './plain-table.ts'
import { grantCommand, quotasCommand, quotasTable } from './usage-quotas.ts'

const epilogue = `
Shows the requests that were counted under API keys: handshakes and messages, by key, stage and period of UTC. COST is by
usagePrices of postern.yaml. Below stands what remains of each quota in its period. Any worker of a fleet knows the counts
of all, but for those of the last second. Counts of days are kept for 90 days.

POSTERN_MANAGEMENT_TOKEN holds the token where one is needed; POSTERN_MANAGEMENT_URL replaces the default URL.
POSTERN_MANAGEMENT_AUTHORIZATION=AWS_IAM signs, as --sign does.
Exit codes: 0 done, 1 the gateway can't be reached or can't read its counts, 2 wrong usage.

Examples:
  postern usage                                   this month, so far
  postern usage --from 2026-10-01 --to 2026-10-31 --by day --csv > october.csv
  postern usage quotas --json                     what remains of each quota, alone
  postern usage grant acme --extra 500            500 requests more in this period
  postern usage --json | jq -r 'select(.apiKeyId == "acme") | .requests'
`

interface Given extends ManagementGiven {
  from?: string
  to?: string
  by: 'day' | 'month' | 'total'
  csv?: boolean
  json?: boolean
}

/** The command that shows what was used under API keys. */
export function usageCommand(context: CommandContext): Command {
  return withManagement(new Command('usage').description('Show what was used under API keys, and what it costs.'))
    .addOption(new Option('--from <day>', 'the first day (default: the first of this month)').argParser(readDay))
    .addOption(new Option('--to <day>', 'the last day (default: today)').argParser(readDay))
    .addOption(new Option('--by <period>', 'a line for each').choices(['day', 'month', 'total']).default('month'))
    .addOption(new Option('--csv', 'comma-separated values, with a first line of names').conflicts('json'))
    .option('--json', 'a JSON object a line')
    .addCommand(quotasCommand(context))
    .addCommand(grantCommand(context))
    .addHelpText('after', epilogue)
    .action((given: Given) => runManaged(context, given, (client) => show(client, given, context)))
}

async function show(client: ManagementClient, given: Given, { io }: CommandContext): Promise<void> {
  const query = new URLSearchParams()
  if (given.from !== undefined) query.set('from', given.from)
  if (given.to !== undefined) query.set('to', given.to)
  const report = await client.usage(query)
  const lines = linesOf(report, given.by)
  if (given.json) for (const line of lines) io.stdout.write(`${JSON.stringify(line)}\n`)
  else if (given.csv) io.stdout.write(csvOf(lines))
  else io.stdout.write([tableOf(lines), quotasTable(report.quotas ?? [])].filter((each) => each !== '').join('\n'))
}

interface Line extends Omit<ShownUsageRow, 'day'> {
  readonly period: string
  readonly currency: string | null
}

/** The rows of a report added up by period, in their order. */
function linesOf({ from, to, currency, usage }: ShownUsage, by: Given['by']): Line[] {
  const lines = new Map<string, Line>()
  for (const { day, requests, cost, ...row } of usage) {
    const period = by === 'day' ? day : by === 'month' ? day.slice(0, 7) : `${from}/${to}`
    const name = JSON.stringify([period, row.usagePlanId, row.apiKeyId, row.apiId, row.stage])
    const known = lines.get(name) ?? { requests: 0, cost: null }
    lines.set(name, {
      ...{ period, ...row, currency },
      requests: known.requests + requests,
      cost: cost === null ? known.cost : (known.cost ?? 0) + cost,
    })
  }
  return [...lines.values()]
}

function tableOf(lines: readonly Line[]): string {
  const rows = lines.map((line) => [
    ...[line.period, line.apiKeyId, line.apiKeyName ?? '-', line.usagePlanId, `${line.apiId}/${line.stage}`],
    String(line.requests),
    line.cost === null ? '-' : `${costText(line.cost)} ${line.currency}`,
  ])
  return plainTable(['PERIOD', 'KEY', 'NAME', 'PLAN', 'STAGE', 'REQUESTS', 'COST'], rows)
}

const columns = [
  ...(['period', 'apiKeyId', 'apiKeyName', 'usagePlanId', 'apiId', 'stage'] as const),
  ...(['requests', 'cost', 'currency'] as const),
] satisfies readonly (keyof Line)[]

/** The lines as comma-separated values (RFC 4180). */
function csvOf(lines: readonly Line[]): string {
  const rows = lines.map((line) => columns.map((name) => (name === 'cost' ? costText(line.cost) : line[name])))
  return [columns, ...rows].map((row) => `${row.map(csvCell).join(',')}\r\n`).join('')
}

/** A cell; one that a spreadsheet would take for a formula is made a text by a quotation mark (OWASP, "CSV Injection"). */
function csvCell(value: string | number | null): string {
  const text = value === null ? '' : String(value)
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

function costText(cost: number | null): string {
  return cost === null ? '' : cost.toFixed(4)
}

function readDay(text: string): string {
  if (/^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text))) return text
  throw new InvalidArgumentError('It is a day, such as 2026-11-27.')
}
