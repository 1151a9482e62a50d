import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parse, stringify } from 'yaml'
import { findExecutable } from '../../scripts/executables.ts'
import { type BalancedNode, type Balancer, startBalancer } from './balancer.ts'
import { fixedPorts } from './free-port.ts'
import { type Program, startProgram } from './program.ts'

export interface FleetOptions {
  readonly nodes: number
  /** The arguments with which Node.js runs postern: `['dist/cli/main.js']`. */
  readonly postern: readonly string[]
  /** A folder of APIs. */
  readonly routes: string
  /** Whether HAProxy stands in front where the machine has it. */
  readonly balancer: boolean
  /** The seconds that a node takes to move its clients away; 3 when left out. */
  readonly drainSeconds?: number
  /** Takes what happens to the fleet, a sentence each. */
  readonly say: (text: string) => void
}

/** Nodes that share a Redis, on this machine. */
export interface Fleet {
  readonly nodes: readonly BalancedNode[]
  /** The addresses that clients connect to: the balancer's, else every node's. */
  readonly entries: readonly number[]
  /** Ports of the processes of the fleet, by what reports call them. */
  readonly watch: Readonly<Record<string, number>>
  /** The last node dies (SIGKILL), and is started again a while later, as whoever watches over it does. */
  kill(): Promise<void>
  /** One node after the other gets SIGTERM, drains, and is started again. */
  roll(): Promise<void>
  /** Ends all of it. Safe to call twice, and while something is done to it. */
  stop(): Promise<void>
}

const restartMillis = 5_000
/** HAProxy asks every 500 ms: it has noticed when the drain begins, and again before the next node goes. */
const noticeSeconds = 2
const defaultDrainSeconds = 3
const drainGraceMillis = 60_000

/** Resolves when every node is ready. Rejects, with all that was started ended, when something does not start. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-fleet-'))
  const closing: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })]
  const stop = async () => {
    for (const close of closing.splice(0).reverse()) await close()
  }
  try {
    return await start(options, folder, closing, stop)
  } catch (error) {
    await stop()
    throw error
  }
}

async function start(
  { nodes: count, postern, routes, balancer: wantsBalancer, drainSeconds = defaultDrainSeconds, say }: FleetOptions,
  folder: string,
  closing: (() => Promise<unknown>)[],
  stop: () => Promise<void>,
): Promise<Fleet> {
  const [redisPort = 0, balancerPort = 0, ...ports] = await fixedPorts(2 + 2 * count)
  const redis = await startRedis(redisPort, folder)
  closing.push(() => redis.stop('SIGTERM'))
  const chat = await startChatFunction(join(routes, 'chat', 'handlers.mjs'))
  closing.push(() => chat.program.stop('SIGTERM'))
  const apis = join(folder, 'routes')
  await copyRoutes(routes, apis)

  const nodes = Array.from({ length: count }, (_, index) => ({
    name: `node-${index + 1}`,
    port: ports[2 * index] as number,
    managementPort: ports[2 * index + 1] as number,
  }))
  const programs = new Map<string, Program>()
  let isStopping = false
  const startNode = async (node: BalancedNode) => {
    const args = nodeArguments(node, { apis, redisPort, functions: chat.port, drainSeconds })
    programs.set(node.name, await startNodeProgram(node, [...postern, ...args]))
  }
  closing.push(async () => {
    isStopping = true
    await Promise.all([...programs.values()].map((program) => program.stop('SIGINT')))
  })
  await Promise.all(nodes.map(startNode))

  const haproxy = wantsBalancer ? findExecutable('haproxy') : null
  let balancer: Balancer | null = null
  if (haproxy !== null) {
    balancer = await startBalancer(haproxy, balancerPort, nodes)
    closing.push(balancer.stop)
  }

  const programOf = ({ name }: BalancedNode) => programs.get(name) as Program
  /** Also while the fleet is stopped meanwhile. */
  const restart = async (node: BalancedNode) => {
    if (isStopping) return
    await startNode(node)
    if (isStopping) await programOf(node).stop('SIGKILL')
    else say(`${node.name} is ready again`)
  }
  return {
    nodes,
    entries: balancer === null ? nodes.map(({ port }) => port) : [balancer.port],
    watch: {
      ...Object.fromEntries(nodes.map(({ name, port }) => [name, port])),
      redis: redisPort,
      ...(balancer === null ? {} : { haproxy: balancer.port }),
    },
    async kill() {
      const node = nodes.at(-1) as BalancedNode
      say(`${node.name} is killed`)
      await programOf(node).stop('SIGKILL')
      await wait(restartMillis)
      await restart(node)
    },
    async roll() {
      for (const node of nodes) {
        if (isStopping) return
        say(`${node.name} gets SIGTERM`)
        await programOf(node).stop('SIGTERM', drainGraceMillis)
        await restart(node)
        await wait(noticeSeconds * 1000)
      }
    },
    stop,
  }
}

function startRedis(port: number, folder: string): Promise<Program> {
  const command = findExecutable('redis')
  if (command === null) throw new Error('redis-server is not on PATH: sudo apt-get install redis-server')
  return startProgram({
    command,
    args: ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder],
    isReady: (said) => said.includes('Ready to accept connections'),
  })
}

async function startChatFunction(handlers: string): Promise<{ readonly program: Program; readonly port: number }> {
  const program = await startProgram({
    command: process.execPath,
    args: [fileURLToPath(new URL('chat-function.mjs', import.meta.url)), pathToFileURL(handlers).href],
    env: { SCHEME: 'http' },
    isReady: (said) => said.includes('\n'),
  })
  return { program, port: (JSON.parse(program.said()) as { port: number }).port }
}

/** The examples, but that the chat's function is elsewhere: of an own one in each node, nobody would know everybody. */
async function copyRoutes(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true })
  const file = join(to, 'chat', 'api.yaml')
  const text = await readFile(file, 'utf8').catch(() => null)
  if (text === null) return
  const { functions: _, ...api } = parse(text) as { functions?: unknown; integrations: { chat: object } }
  const chat = { ...api.integrations.chat, integrationUri: 'chat' }
  await writeFile(file, stringify({ ...api, integrations: { ...api.integrations, chat } }))
}

interface NodePlan {
  readonly apis: string
  readonly redisPort: number
  readonly functions: number
  readonly drainSeconds: number
}

function nodeArguments({ name, port, managementPort }: BalancedNode, plan: NodePlan): string[] {
  const flags = {
    port,
    'management-port': managementPort,
    redis: `redis://127.0.0.1:${plan.redisPort}`,
    'worker-name': name,
    'lambda-endpoint': `http://127.0.0.1:${plan.functions}`,
    'drain-delay-seconds': noticeSeconds,
    'drain-seconds': plan.drainSeconds,
  }
  return ['start', plan.apis, ...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)])]
}

function startNodeProgram({ managementPort }: BalancedNode, args: readonly string[]): Promise<Program> {
  return startProgram({
    command: process.execPath,
    args,
    isReady: async () => {
      const response = await fetch(`http://127.0.0.1:${managementPort}/readyz`)
      await response.arrayBuffer()
      return response.status === 200
    },
  })
}
