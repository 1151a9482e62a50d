import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Command, InvalidArgumentError } from 'commander'
import { parse } from 'yaml'
import { parseDuration } from '../src/scenario/duration.ts'
import { endWithUs } from './end-with-us.ts'
import { type Fleet, startFleet } from './fleet.ts'
import { loadArguments } from './load-arguments.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const wrongUsage = 2
const cannotRun = 3
const longestFleet = 16

const help = `
Starts a Redis, nodes that share it and, where the machine has HAProxy, a balancer in front of them; plays a scenario
of load/ against them with 'postern load'; ends all of it. What is not known here is passed on to 'postern load'.

Exit code: that of 'postern load'; 2 for wrong usage, 3 when the fleet does not start.

Examples:
  npm run load:fleet -- load/chat-room.yaml
  npm run load:fleet -- load/reconnect-storm.yaml --kill 15s --html report.html
  npm run load:fleet -- load/rolling-deploy.yaml --roll 8s --nodes 4
`

interface Given {
  nodes: number
  kill?: number
  roll?: number
  balancer: boolean
}

const command = new Command('npm run load:fleet --')
  .description('Play a load scenario against a fleet on this machine.')
  .argument('<scenario>', 'a scenario file, such as load/chat-room.yaml')
  .option('--nodes <number>', 'how many nodes', readNodes, 3)
  .option('--kill <after>', 'kill a node so long after the begin, such as 15s; it is started again 5 s later', readTime)
  .option('--roll <after>', 'restart all nodes, one by one, so long after the begin', readTime)
  .option('--no-balancer', 'clients connect to the nodes in turn, also where HAProxy is there')
  .allowUnknownOption()
  .allowExcessArguments()
  .addHelpText('after', help)
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : wrongUsage))
  .parse()

const [file = '', ...passedOn] = command.args
process.exitCode = await main(command.opts<Given>())

async function main({ nodes, balancer, ...deeds }: Given): Promise<number> {
  const told: string[] = []
  let begin = performance.now()
  // Where somebody watches, the progress is drawn in one place, and a line in between would be drawn over.
  const say = (text: string) => {
    const line = `fleet: ${((performance.now() - begin) / 1000).toFixed(1)} s: ${text}`
    if (process.stderr.isTTY) told.push(line)
    else process.stderr.write(`${line}\n`)
  }
  let fleet: Fleet | null = null
  const interrupted = new Promise<null>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(null))
  })
  try {
    const scenario: unknown = parse(await readFile(file, 'utf8'))
    const starting = startFleet({
      nodes,
      balancer,
      say,
      routes: here('../../routes'),
      postern: [here('../../dist/cli/main.js')],
    })
    fleet = await Promise.race([starting, interrupted])
    if (fleet === null) {
      await starting.then(
        (late) => late.stop(),
        () => {},
      )
      return 130
    }
    const behind = fleet.watch.haproxy === undefined ? '' : `, behind HAProxy on ${fleet.watch.haproxy}`
    process.stderr.write(`fleet: nodes on ${fleet.nodes.map(({ port }) => port).join(', ')} of 127.0.0.1${behind}\n`)
    begin = performance.now()
    return await play(scenario, fleet, { ...deeds, say })
  } catch (error) {
    process.stderr.write(`fleet: ${(error as Error).message}\n`)
    return cannotRun
  } finally {
    for (const line of told) process.stderr.write(`${line}\n`)
    await fleet?.stop()
  }
}

interface Deeds {
  readonly kill?: number
  readonly roll?: number
  readonly say: (text: string) => void
}

async function play(scenario: unknown, fleet: Fleet, { kill, roll, say }: Deeds): Promise<number> {
  const { targets, set } = loadArguments(scenario, fleet)
  const aimed = [...targets.flatMap((url) => ['--target', url]), ...set.flatMap((each) => ['--set', each])]
  // In a group of its own: a Ctrl-C is passed on once, and does not come twice.
  const child = spawn(process.execPath, [here('../../dist/cli/main.js'), 'load', file, ...aimed, ...passedOn], {
    detached: true,
    stdio: 'inherit',
  })
  endWithUs(child, 'SIGKILL')
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void child.kill(signal))
  const over = new AbortController()
  const deed = async (millis: number | undefined, what: () => Promise<void>) => {
    if (millis === undefined) return
    await wait(millis, undefined, { signal: over.signal })
    await what()
  }
  const doing = [deed(kill, fleet.kill), deed(roll, fleet.roll)].map((each) =>
    each.catch((error: Error) => {
      if (error.name === 'AbortError') say('the load was over before its time')
      else say(error.message)
    }),
  )
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (status) => resolve(status ?? cannotRun))
  })
  over.abort()
  await fleet.stop()
  await Promise.all(doing)
  return code
}

function readNodes(text: string): number {
  const count = /^\d{1,2}$/.test(text) ? Number(text) : 0
  if (count < 1 || count > longestFleet) throw new InvalidArgumentError(`It is a number from 1 to ${longestFleet}.`)
  return count
}

function readTime(text: string): number {
  const millis = parseDuration(text)
  if (millis === null) throw new InvalidArgumentError('It is a duration such as 15s.')
  return millis
}
