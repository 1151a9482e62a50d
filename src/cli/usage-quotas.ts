import { Command, InvalidArgumentError, Option } from 'commander'
import type { CommandContext } from './command.ts'
import { type ManagementClient, ManagementFailure, type ShownQuota } from './management-client.ts'
import { type ManagementGiven, runManaged, withManagement } from './management-command.ts'
import { plainTable } from './plain-table.ts'

interface GrantGiven extends ManagementGiven {
  plan?: string
  extra?: number
  remaining?: number
}

/** The command that shows what remains of quotas. */
export function quotasCommand(context: CommandContext): Command {
  return withManagement(new Command('quotas').description('Show what remains of each quota in its period.'))
    .option('--json', 'a JSON object a line')
    .action((_: object, command: Command) => {
      // Both commands have these options: commander keeps one of the same name that stands before `quotas` with the outer.
      const given = command.optsWithGlobals<ManagementGiven & { json?: boolean }>()
      return runManaged(context, given, async (client) => {
        const quotas = await quotasOf(client)
        if (given.json) for (const each of quotas) context.io.stdout.write(`${JSON.stringify(each)}\n`)
        else context.io.stdout.write(quotasTable(quotas))
      })
    })
}

/** The command that grants a key more requests in the period that it is now. */
export function grantCommand(context: CommandContext): Command {
  return withManagement(new Command('grant').description("Change what remains of a key's quota in this period."))
    .argument('<apiKeyId>', 'the id of the key')
    .option('--plan <id>', 'the usage plan; needed where the key has quotas in several')
    .addOption(new Option('--extra <requests>', 'so many requests more').argParser(readCount))
    .addOption(
      new Option('--remaining <requests>', 'so many requests from now on').argParser(readCount).conflicts('extra'),
    )
    .action((apiKeyId: string, _: object, command: Command) => {
      const given = command.optsWithGlobals<GrantGiven>()
      return runManaged(context, given, async (client) => {
        const quota = await grant(client, apiKeyId, given)
        context.io.stdout.write(`${quota.remaining} remain until ${quota.end}\n`)
      })
    })
}

async function grant(
  client: ManagementClient,
  apiKeyId: string,
  { plan, extra, remaining }: GrantGiven,
): Promise<ShownQuota> {
  if (extra === undefined && remaining === undefined) {
    throw new ManagementFailure('--extra or --remaining says how many requests')
  }
  const usagePlanId = plan ?? (await onlyPlanOf(client, apiKeyId))
  const count = extra === undefined ? { remaining: remaining as number } : { extra }
  return client.changeQuota({ usagePlanId, apiKeyId, ...count })
}

async function onlyPlanOf(client: ManagementClient, apiKeyId: string): Promise<string> {
  const plans = (await quotasOf(client)).filter((each) => each.apiKeyId === apiKeyId)
  const [first, another] = plans
  if (first === undefined) throw new ManagementFailure(`the key ${apiKeyId} has no quota`)
  if (another === undefined) return first.usagePlanId
  throw new ManagementFailure(`--plan is one of ${plans.map((each) => each.usagePlanId).join(', ')}`)
}

async function quotasOf(client: ManagementClient): Promise<readonly ShownQuota[]> {
  const today = new Date().toISOString().slice(0, 10)
  return (await client.usage(new URLSearchParams({ from: today, to: today }))).quotas ?? []
}

/** The quotas as a table; empty when there is none. */
export function quotasTable(quotas: readonly ShownQuota[]): string {
  if (quotas.length === 0) return ''
  const rows = quotas.map(({ apiKeyId, usagePlanId, period, end, limit, granted, used, remaining }) => [
    ...[apiKeyId, usagePlanId, period.toLowerCase(), `${end.slice(0, 16)}Z`],
    ...[used, limit + granted, remaining].map(String),
  ])
  return plainTable(['KEY', 'PLAN', 'QUOTA', 'UNTIL', 'USED', 'OF', 'REMAINING'], rows)
}

function readCount(text: string): number {
  if (/^\d{1,12}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It is a number of requests.')
}
