import { Command, Option } from 'commander'
import { printable } from 'postern-documents/printable'
import { closeCodesAllowed } from '../vocabulary/close-frame.ts'
import type { CommandContext } from './command.ts'
import { fleetComingBack } from './fleet-coming-back.ts'
import { present, readCode, readInput, readLimit } from './given.ts'
import type { ManagementClient, ShownGroupPage, ShownGroups } from './management-client.ts'
import { type ManagementGiven, runManaged, withManagement } from './management-command.ts'
import { plainTable } from './plain-table.ts'

const maxPage = 1000

const epilogue = `
Talks to the management port of a running gateway; any worker of a fleet knows the groups of all.
A group is one of a stage: --api and --stage may be left out where only one stage is served.
POSTERN_MANAGEMENT_TOKEN holds the token where one is needed; POSTERN_MANAGEMENT_URL replaces the default URL.
POSTERN_MANAGEMENT_AUTHORIZATION=AWS_IAM signs, as --sign does.

Exit codes: 0 done, 1 some workers did not answer, or the gateway can't be reached, 2 wrong usage.

Examples:
  postern groups list --api chat --stage prod
  postern groups show kitchen
  postern groups send kitchen '{"text":"hello"}'
  postern groups close kitchen --code 4000 --reason 'see you'
`

export function groupsCommand(context: CommandContext): Command {
  const command = new Command('groups').description('List, look up, push to and close groups.')
  for (const make of [listCommand, showCommand, sendCommand, closeCommand]) command.addCommand(make(context))
  return command.addHelpText('after', epilogue)
}

interface StageGiven extends ManagementGiven {
  api?: string
  stage?: string
}

interface ListGiven extends StageGiven {
  limit: number
  json?: boolean
}

function stageCommand(name: string, description: string): Command {
  return withManagement(new Command(name).description(description))
    .option('--api <apiId>', 'the API')
    .option('--stage <stage>', 'the stage')
}

const limitOption = () => new Option('--limit <number>', 'how many to list').argParser(readLimit).default(100)

function listCommand(context: CommandContext): Command {
  return stageCommand('list', 'List the groups of a stage, with their numbers of connections.')
    .addOption(limitOption())
    .option('--json', 'a JSON object a line')
    .action((given: ListGiven) => runManaged(context, given, (client) => list(client, given, context)))
}

function showCommand(context: CommandContext): Command {
  return stageCommand('show', 'Show a group: how many connections it has, and which.')
    .argument('<group>', 'the name of the group')
    .addOption(limitOption())
    .option('--json', 'as JSON')
    .action((group: string, given: ListGiven) =>
      runManaged(context, given, (client) => show(client, group, given, context)),
    )
}

function sendCommand(context: CommandContext): Command {
  return stageCommand('send', 'Push a text message to every connection of a group.')
    .argument('<group>', 'the name of the group')
    .argument('<text>', 'the message; - reads it from standard input, without its last line feed')
    .action((group: string, text: string, given: StageGiven) =>
      runManaged(context, given, async (client) => {
        const data = text === '-' ? await readInput(context) : text
        const { sent, full, gone, unreachable } = await client.sendToGroup(group, stageQuery(given), data)
        context.io.stdout.write(`sent to ${sent}\n`)
        const missed = Object.entries({ full, gone, unreachable }).filter(([, number]) => number > 0)
        if (missed.length === 0) return
        context.io.stderr.write(`postern: not to ${missed.map(([why, number]) => `${number} (${why})`).join(', ')}\n`)
        context.end(1)
      }),
    )
}

function closeCommand(context: CommandContext): Command {
  return stageCommand('close', 'Close every connection of a group.')
    .argument('<group>', 'the name of the group')
    .addOption(new Option('--code <number>', `close code: ${closeCodesAllowed}`).argParser(readCode))
    .option('--reason <text>', 'close reason, at most 123 bytes')
    .action((group: string, given: StageGiven & { code?: string; reason?: string }) =>
      runManaged(context, given, async (client) => {
        const { code, reason } = given
        const query = new URLSearchParams([...stageQuery(given), ...Object.entries(present({ code, reason }))])
        const { connections, unreachable } = await client.closeGroup(group, query)
        context.io.stdout.write(`closed ${connections}\n`)
        if (unreachable === 0) return
        context.io.stderr.write('postern: some may still be open, of workers that did not answer: run it again\n')
        context.end(1)
      }),
    )
}

function stageQuery({ api, stage }: StageGiven): URLSearchParams {
  return new URLSearchParams(present({ apiId: api, stage }))
}

async function list(client: ManagementClient, given: ListGiven, context: CommandContext): Promise<void> {
  const { limit, json } = given
  const { io } = context
  const query = stageQuery(given)
  const rows: ShownGroups['groups'][number][] = []
  let cursor: string | null = ''
  do {
    query.set('cursor', cursor)
    query.set('limit', String(Math.min(limit - rows.length, maxPage)))
    const page: ShownGroups = await client.groups(query)
    rows.push(...page.groups)
    cursor = page.cursor
    tellMissing(page, context)
  } while (cursor !== null && rows.length < limit)
  if (json) for (const row of rows) io.stdout.write(`${JSON.stringify(row)}\n`)
  else if (rows.length === 0) io.stderr.write('no groups\n')
  else
    io.stdout.write(
      plainTable(
        ['CONNECTIONS', 'GROUP'],
        rows.map((row) => [String(row.connections), row.name]),
      ),
    )
  if (cursor !== null) io.stderr.write(`there are more than these ${rows.length}; --limit shows more\n`)
}

async function show(client: ManagementClient, group: string, given: ListGiven, context: CommandContext): Promise<void> {
  const { limit, json } = given
  const { io } = context
  const query = stageQuery(given)
  const ids: string[] = []
  let cursor: string | null = ''
  let connections = 0
  do {
    query.set('cursor', cursor)
    query.set('limit', String(Math.min(limit - ids.length, maxPage)))
    const page: ShownGroupPage = await client.group(group, query)
    connections = page.connections
    ids.push(...page.connectionIds)
    cursor = page.cursor
    tellMissing(page, context)
  } while (cursor !== null && ids.length < limit)
  if (json) return void io.stdout.write(`${JSON.stringify({ name: group, connections, connectionIds: ids })}\n`)
  io.stdout.write(`${printable(group)}: ${connections} connection${connections === 1 ? '' : 's'}\n`)
  for (const id of ids) io.stdout.write(`${id}\n`)
  if (cursor !== null) io.stderr.write(`there are more than these ${ids.length}; --limit shows more\n`)
}

function tellMissing({ unanswered, incomplete }: ShownGroups | ShownGroupPage, { io, end }: CommandContext): void {
  for (const { owner, name } of unanswered) {
    io.stderr.write(`postern: worker ${printable(name)} (${owner}) did not answer: its connections are missing here\n`)
  }
  if (incomplete) io.stderr.write(fleetComingBack('connections'))
  if (unanswered.length > 0 || incomplete) end(1)
}
