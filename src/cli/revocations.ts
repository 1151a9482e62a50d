import { Command, InvalidArgumentError, Option } from 'commander'
import type { CommandContext } from './command.ts'
import { type ManagementClient, ManagementFailure, type ShownRevocation } from './management-client.ts'
import { type ManagementGiven, runManaged, withManagement } from './management-command.ts'
import { ageText, plainTable } from './plain-table.ts'

const epilogue = `
What is revoked is not let in any more, and what it has open is closed with 3000 "Credentials revoked", through any
worker of a fleet and within seconds. A revocation is forgotten at its end: give the end of the token, or the longest
time for which tokens of the user are good.

POSTERN_MANAGEMENT_TOKEN holds the token where one is needed; POSTERN_MANAGEMENT_URL replaces the default URL.
POSTERN_MANAGEMENT_AUTHORIZATION=AWS_IAM signs, as --sign does.
Exit codes: 0 done, 1 there is no such revocation, or the gateway or its Redis can't be reached, 2 wrong usage.

Examples:
  postern revocations add --token-id 7c1d5a52 --until 2026-12-01T12:00:00Z --reason 'laptop stolen'
  postern revocations add --user ada --for 12h
  postern revocations list --json
  postern revocations remove --user ada
`

interface NameGiven extends ManagementGiven {
  user?: string
  tokenId?: string
  apiKeyId?: string
  api?: string
}

interface AddGiven extends NameGiven {
  until?: string
  for?: string
  reason?: string
}

/** The commands that revoke tokens, users and API keys. */
export function revocationsCommand(context: CommandContext): Command {
  const command = new Command('revocations').description('Revoke tokens, users and API keys before they end.')
  for (const make of [addCommand, listCommand, removeCommand]) command.addCommand(make(context))
  return command.addHelpText('after', epilogue)
}

function withName(command: Command): Command {
  return withManagement(command)
    .option('--user <principalId>', 'this user, as an authorizer names it')
    .option('--token-id <jti>', 'the token with this id')
    .option('--api-key-id <id>', 'this API key')
    .option('--api <apiId>', 'only in this API')
}

function addCommand(context: CommandContext): Command {
  return withName(new Command('add').description('Revoke a token, a user or an API key.'))
    .addOption(new Option('--until <time>', 'its end, such as 2026-12-01T12:00:00Z').argParser(readTime))
    .addOption(
      new Option('--for <duration>', 'or how long from now: 30m, 12h, 7d').argParser(readDuration).conflicts('until'),
    )
    .option('--reason <text>', 'for whoever lists it')
    .action((given: AddGiven) => runManaged(context, given, (client) => add(client, given, context)))
}

function listCommand(context: CommandContext): Command {
  return withManagement(new Command('list').description('List what is revoked, oldest first.'))
    .option('--json', 'a JSON object a line')
    .action((given: ManagementGiven & { json?: boolean }) =>
      runManaged(context, given, (client) => list(client, given.json === true, context)),
    )
}

function removeCommand(context: CommandContext): Command {
  return withName(new Command('remove').description('Take a revocation back.')).action((given: NameGiven) =>
    runManaged(context, given, async (client) => {
      await client.unrevoke(new URLSearchParams(nameOf(given)))
      context.io.stdout.write('removed\n')
    }),
  )
}

async function add(client: ManagementClient, given: AddGiven, { io }: CommandContext): Promise<void> {
  const expiresAt = given.until ?? given.for
  if (expiresAt === undefined) throw new ManagementFailure('--until or --for says when it ends')
  const { reason } = given
  await client.revoke({ ...nameOf(given), expiresAt, ...(reason !== undefined && { reason }) })
  io.stdout.write('revoked\n')
}

async function list(client: ManagementClient, asJson: boolean, { io }: CommandContext): Promise<void> {
  const rows: string[][] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page = await client.revocations(new URLSearchParams({ cursor }))
    cursor = page.cursor
    for (const each of page.revocations) {
      if (asJson) io.stdout.write(`${JSON.stringify(each)}\n`)
      else rows.push(rowOf(each, Date.parse(page.now)))
    }
  }
  if (rows.length > 0) io.stdout.write(plainTable(['REVOKED', 'ID', 'API', 'ENDS IN', 'REASON'], rows))
  else if (!asJson) io.stderr.write('nothing is revoked\n')
}

const kinds = { tokenId: 'token', principalId: 'user', apiKeyId: 'API key' } as const

function rowOf(each: ShownRevocation, now: number): string[] {
  const kind = (Object.keys(kinds) as (keyof typeof kinds)[]).find((name) => each[name] !== undefined)
  const [name, id] = kind === undefined ? ['-', '-'] : [kinds[kind], each[kind] ?? '-']
  return [name, id, each.apiId ?? '-', ageText(Date.parse(each.expiresAt) - now), each.reason ?? '-']
}

function nameOf({ user, tokenId, apiKeyId, api }: NameGiven): Record<string, string> {
  const members = { principalId: user, tokenId, apiKeyId, apiId: api }
  return Object.fromEntries(
    Object.entries(members).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

function readDuration(text: string): string {
  const [, amount, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  if (amount === undefined) throw new InvalidArgumentError('It is like 30m, 12h or 7d.')
  return new Date(Date.now() + Number(amount) * (unitMs[unit ?? ''] ?? 0)).toISOString()
}

function readTime(text: string): string {
  const time = Date.parse(text)
  if (Number.isNaN(time)) throw new InvalidArgumentError('It is a time like 2026-12-01T12:00:00Z.')
  return new Date(time).toISOString()
}
