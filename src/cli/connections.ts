import { Command, InvalidArgumentError, Option } from 'commander'
import { printable } from 'postern-documents/printable'
import { closeCodesAllowed } from '../vocabulary/close-frame.ts'
import type { CommandContext } from './command.ts'
import { connectionLines, connectionsTable } from './connections-view.ts'
import { fleetComingBack } from './fleet-coming-back.ts'
import { present, readCode, readInput, readLimit } from './given.ts'
import { type ManagementClient, ManagementFailure, type ShownConnection, type ShownPage } from './management-client.ts'
import { type ManagementGiven, runManaged, withManagement } from './management-command.ts'

const maxPage = 1000

const epilogue = `
Talks to the management port of a running gateway; any worker of a fleet knows the connections of all.
POSTERN_MANAGEMENT_TOKEN holds the token where one is needed; POSTERN_MANAGEMENT_URL replaces the default URL.
POSTERN_MANAGEMENT_AUTHORIZATION=AWS_IAM signs, as --sign does.

Where a worker does not answer, list shows the connections of the others, names it on standard error, and ends with 1;
so it does while workers are still coming back to a Redis that has lost its data, and can't be named yet.

Exit codes: 0 done, 1 the connection is gone, or the gateway or a worker can't be reached, 2 wrong usage.

Examples:
  postern connections list --api chat --since 10m
  postern connections list --json --limit 100000 | jq -r .connectionId
  postern connections send L0SM9cOFvHcCIhw= '{"text":"hello"}'
  postern connections close L0SM9cOFvHcCIhw= --code 4000 --reason 'see you'
  postern connections close-all --user ada --code 4003 --reason 'signed out'
`

export function connectionsCommand(context: CommandContext): Command {
  const command = new Command('connections').description('List, look up, push to and close connections.')
  for (const make of [listCommand, getCommand, sendCommand, closeCommand, closeAllCommand])
    command.addCommand(make(context))
  return command.addHelpText('after', epilogue)
}

function listCommand(context: CommandContext): Command {
  return withManagement(new Command('list').description('List connections.'))
    .option('--api <apiId>', 'only of this API')
    .option('--stage <stage>', 'only of this stage')
    .option('--user-agent <text>', 'only with this text in the User-Agent')
    .option('--source-ip <address>', 'only from this address')
    .option('--user <userId>', 'only of this user')
    .option('--token-id <jti>', 'only of the token with this id')
    .option('--api-key-id <id>', 'only of this API key')
    .addOption(
      new Option('--since <time>', 'only connected since a time, or for at most so long: 30s, 10m, 2h, 1d').argParser(
        readSince,
      ),
    )
    .addOption(new Option('--limit <number>', 'how many to list').argParser(readLimit).default(100))
    .option('--json', 'a JSON object a line')
    .action((given: ListGiven) => runManaged(context, given, (client) => list(client, given, context)))
}

function getCommand(context: CommandContext): Command {
  return withManagement(new Command('get').description('Show one connection.'))
    .argument('<id>', 'the connection id', unhideId)
    .option('--json', 'as JSON')
    .action((id: string, given: ManagementGiven & { json?: boolean }) =>
      runManaged(context, given, async (client) => {
        const connection = await client.get(id)
        context.io.stdout.write(given.json ? `${JSON.stringify(connection)}\n` : connectionLines(connection))
      }),
    )
}

function sendCommand(context: CommandContext): Command {
  return withManagement(new Command('send').description('Push a text message to a connection.'))
    .argument('<id>', 'the connection id', unhideId)
    .argument('<text>', 'the message; - reads it from standard input, without its last line feed', unhideId)
    .action((id: string, text: string, given: ManagementGiven) =>
      runManaged(context, given, async (client) => {
        await client.send(id, text === '-' ? await readInput(context) : text)
        context.io.stdout.write('sent\n')
      }),
    )
}

function closeCommand(context: CommandContext): Command {
  return withManagement(new Command('close').description('Close a connection, as DELETE @connections does.'))
    .argument('<id>', 'the connection id', unhideId)
    .addOption(new Option('--code <number>', `close code: ${closeCodesAllowed}`).argParser(readCode))
    .option('--reason <text>', 'close reason, at most 123 bytes')
    .action((id: string, given: ManagementGiven & { code?: string; reason?: string }) =>
      runManaged(context, given, async (client) => {
        await client.close(id, new URLSearchParams(present({ code: given.code, reason: given.reason })))
        context.io.stdout.write('closed\n')
      }),
    )
}

function closeAllCommand(context: CommandContext): Command {
  const command = new Command('close-all').description('Close all connections of a user, a token or an API key.')
  return withManagement(command)
    .option('--user <userId>', 'of this user')
    .option('--token-id <jti>', 'of the token with this id')
    .option('--api-key-id <id>', 'of this API key')
    .option('--api <apiId>', 'only of this API')
    .option('--stage <stage>', 'only of this stage')
    .addOption(new Option('--code <number>', `close code: ${closeCodesAllowed}`).argParser(readCode))
    .option('--reason <text>', 'close reason, at most 123 bytes')
    .action((given: CloseAllGiven) => runManaged(context, given, (client) => closeAll(client, given, context)))
}

// --- ids that look like options ---

/** Hides connection ids that the command line would take for options: those of one worker of 64 begin with a hyphen. */
export function hideIds(argv: readonly string[]): string[] {
  return argv.map((text) => (/^-[\w-]{14}=$/.test(text) ? `${hidden}${text}` : text))
}

const hidden = '\0'

function unhideId(text: string): string {
  return text.startsWith(hidden) ? text.slice(hidden.length) : text
}

// --- what they share ---

interface OwnerGiven extends ManagementGiven {
  api?: string
  stage?: string
  user?: string
  tokenId?: string
  apiKeyId?: string
}

interface CloseAllGiven extends OwnerGiven {
  code?: string
  reason?: string
}

interface ListGiven extends OwnerGiven {
  userAgent?: string
  sourceIp?: string
  since?: string
  limit: number
  json?: boolean
}

/** Lists connections. Whatever was found is shown, also when some of it is missing: then the exit code is 1. */
async function list(client: ManagementClient, given: ListGiven, { io, end }: CommandContext): Promise<void> {
  const { userAgent, sourceIp, since, limit, json } = given
  const query = new URLSearchParams(present({ ...ownerOf(given), userAgent, sourceIp, since }))
  const missing = new Map<number, string>()
  const rows: ShownConnection[] = []
  let left = limit
  let cursor: string | null = ''
  let failure: ManagementFailure | null = null
  let incomplete = false
  do {
    query.set('cursor', cursor)
    query.set('limit', String(Math.min(left, maxPage)))
    const page: ShownPage | ManagementFailure = await client.list(query).catch(broken)
    if (page instanceof ManagementFailure) {
      failure = page
      break
    }
    left -= page.connections.length
    cursor = page.cursor
    incomplete ||= page.incomplete === true
    for (const { owner, name } of page.unanswered) missing.set(owner, name)
    if (json) for (const connection of page.connections) io.stdout.write(`${JSON.stringify(connection)}\n`)
    else rows.push(...page.connections)
  } while (cursor !== null && left > 0)
  if (rows.length > 0) io.stdout.write(connectionsTable(rows, Date.now()))
  for (const [owner, name] of missing) {
    io.stderr.write(`postern: worker ${printable(name)} (${owner}) did not answer: its connections are missing here\n`)
  }
  if (incomplete) io.stderr.write(fleetComingBack('connections'))
  if (missing.size > 0 || incomplete) end(1)
  const printed = limit - left
  if (failure !== null) throw printed > 0 || missing.size > 0 ? brokenOff(failure, printed) : failure
  if (cursor !== null) io.stderr.write(`there are more than these ${printed}; --limit shows more\n`)
  else if (printed === 0 && missing.size === 0 && !incomplete && !json) io.stderr.write('no connections\n')
}

function ownerOf({ api, stage, user, tokenId, apiKeyId }: OwnerGiven): Record<string, string | undefined> {
  return { apiId: api, stage, userId: user, tokenId, apiKeyId }
}

/** Closes the connections of somebody, and says how many those were; some may be left where the exit code is 1. */
async function closeAll(client: ManagementClient, given: CloseAllGiven, { io, end }: CommandContext): Promise<void> {
  const { code, reason } = given
  const answer = await client.closeAll(new URLSearchParams(present({ ...ownerOf(given), code, reason })))
  io.stdout.write(`closed ${answer.closed}\n`)
  for (const name of answer.unanswered) {
    io.stderr.write(`postern: worker ${printable(name)} did not answer: its connections may still be open\n`)
  }
  if (!answer.incomplete) return
  if (answer.unanswered.length === 0) io.stderr.write('postern: some may still be open: run it again\n')
  end(1)
}

function broken(error: unknown): ManagementFailure {
  if (error instanceof ManagementFailure) return error
  throw error
}

function brokenOff(failure: ManagementFailure, printed: number): ManagementFailure {
  return new ManagementFailure(`the listing broke off after ${printed}: ${failure.message}`, { cause: failure })
}

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

function readSince(text: string): string {
  const [, amount, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  const time = amount === undefined ? Date.parse(text) : Date.now() - Number(amount) * (unitMs[unit ?? ''] ?? 0)
  if (Number.isNaN(time)) throw new InvalidArgumentError('It is like 10m, or a time like 2025-10-05T08:09:10Z.')
  return new Date(time).toISOString()
}
