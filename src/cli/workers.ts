import { Command } from 'commander'
import type { CommandContext } from './command.ts'
import { fleetComingBack } from './fleet-coming-back.ts'
import type { ManagementClient, ShownWorker, ShownWorkers } from './management-client.ts'
import { type ManagementGiven, runManaged, withManagement } from './management-command.ts'
import { ageText, plainTable } from './plain-table.ts'

const epilogue = `
Asks the management port of a running gateway; any worker of a fleet knows all of them. The one that answered is
marked with a *. LEASE is how much longer a worker counts as alive without a further sign of life.

States:
  alive    its lease lasts
  dead     nothing listens for it any more, its lease has run out, or it left; CONNECTIONS is how many are still owed
           their $disconnect. While LEASE is shown it may come back, if it was only cut off from Redis
  burying  dead, and another worker runs those $disconnects now
A dead worker is gone from the list once that is done.

POSTERN_MANAGEMENT_TOKEN holds the token where one is needed; POSTERN_MANAGEMENT_URL replaces the default URL.
POSTERN_MANAGEMENT_AUTHORIZATION=AWS_IAM signs, as --sign does.
Exit codes: 0 done, 1 the gateway or its Redis can't be reached, or workers may be missing since Redis has lost its
data, 2 wrong usage.

Examples:
  postern workers
  postern workers --json | jq -r 'select(.state != "alive") | .name'
`

interface Given extends ManagementGiven {
  json?: boolean
}

export function workersCommand(context: CommandContext): Command {
  return withManagement(new Command('workers').description('Show the workers of the fleet.'))
    .option('--json', 'a JSON object a line')
    .addHelpText('after', epilogue)
    .action((given: Given) => runManaged(context, given, (client) => show(client, given, context)))
}

/** Shows the workers. Those that are known are shown, also when others may be missing: then the exit code is 1. */
async function show(client: ManagementClient, { json }: Given, { io, end }: CommandContext): Promise<void> {
  const { workers, now, incomplete = false } = await client.workers()
  const sorted = [...workers].sort((a, b) => compare(a.name, b.name) || a.owner - b.owner)
  if (json) for (const worker of sorted) io.stdout.write(`${JSON.stringify(worker)}\n`)
  else io.stdout.write(workersTable({ workers: sorted, now }) + countLine(sorted))
  if (!incomplete) return
  io.stderr.write(fleetComingBack('workers and connections'))
  end(1)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function workersTable({ workers, now }: Pick<ShownWorkers, 'workers' | 'now'>): string {
  // Times of the gateway's own clock: that of this machine may be another.
  const at = Date.parse(now)
  const rows = workers.map(({ name, self, owner, state, version, startedAt, connections, leaseUntil }) => [
    self ? `${name} *` : name,
    String(owner),
    state,
    version ?? '-',
    startedAt === null ? '-' : ageText(at - Date.parse(startedAt)),
    String(connections),
    leaseUntil === null ? '-' : ageText(Date.parse(leaseUntil) - at),
  ])
  return plainTable(['WORKER', 'OWNER', 'STATE', 'VERSION', 'AGE', 'CONNECTIONS', 'LEASE'], rows)
}

/** The line under the table, `3 workers, 1234 connections`. */
function countLine(workers: readonly ShownWorker[]): string {
  const alive = workers.filter(({ state }) => state === 'alive')
  const dead = workers.filter(({ state }) => state !== 'alive')
  const owed = dead.length === 0 ? '' : `; ${dead.length} dead, $disconnect owed to ${counted(dead)}`
  return `${plural(alive.length, 'worker')}, ${counted(alive)}${owed}\n`
}

function counted(workers: readonly ShownWorker[]): string {
  return plural(
    workers.reduce((sum, { connections }) => sum + connections, 0),
    'connection',
  )
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
