import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { stringify } from 'yaml'
import { fixedPorts } from '../../load/fleet/free-port.ts'
import { type Backend, startBackend } from '../helpers/backend.ts'
import { type BalancedNode, startBalancer } from '../helpers/balancer.ts'
import { says, tells } from '../helpers/definitions.ts'
import { printAccount } from '../helpers/fleet.ts'
import { type GatewayProcess, startProcess } from '../helpers/process.ts'
import { startRedis } from '../helpers/redis-server.ts'
import { type SteadyClients, type SteadyConnection, startSteadyClients } from '../helpers/steady-clients.ts'
import { httpPost, type Push, type SteadyPosters, sdkPost, startPoster } from '../helpers/steady-posters.ts'

/** Three times what the balancer's checks need to notice. */
const drainDelaySeconds = 3
const drainSeconds = 3
const clientCount = 60
const stallingCount = 6
const deadline = { timeout: 60_000, interval: 50 }

test('three nodes are restarted one by one under load, and nobody loses anything', async () => {
  const redis = await startRedis()
  onTestFinished(() => redis.close())
  const backend = await startBackend()
  onTestFinished(() => backend.close())
  const directory = await mkdtemp(join(tmpdir(), 'postern-deploy-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  await mkdir(join(directory, 'chat'))
  await writeFile(join(directory, 'chat', 'api.yaml'), stringify(definition(backend.url)))

  const start = async (name: string, ports: BalancedNode): Promise<Node> => {
    const flags = { port: ports.port, 'management-port': ports.managementPort, redis: redis.url, 'worker-name': name }
    const drain = { 'drain-seconds': drainSeconds, 'drain-delay-seconds': drainDelaySeconds }
    const args = Object.entries({ ...flags, ...drain }).flatMap(([flag, value]) => [`--${flag}`, String(value)])
    const gateway = await startProcess([directory, ...args])
    onTestFinished(async () => {
      gateway.child.kill('SIGKILL')
      await gateway.exited
    })
    await ready(gateway)
    return { ...gateway, name }
  }
  const names = ['node-1', 'node-2', 'node-3']
  const ports = await fixedPorts(2 * names.length)
  let nodes = await Promise.all(
    names.map((name, i) => start(name, { port: ports[2 * i] ?? 0, managementPort: ports[2 * i + 1] ?? 0 })),
  )
  const balancer = await startBalancer(nodes)
  onTestFinished(() => balancer.close())

  // --- the load ---

  const url = `ws://127.0.0.1:${balancer.port}/chat/dev`
  const clients = startSteadyClients({ url, count: clientCount })
  const stalling = startSteadyClients({ url, count: stallingCount, stalls: 700 })
  onTestFinished(async () => void (await Promise.all([clients.close(), stalling.close()])))
  await Promise.all([clients.complete(), stalling.complete()])
  const endpoint = `http://127.0.0.1:${balancer.port}/chat/dev`
  const often = { target: () => anyOf(clients), gap: 10 }
  // Their connections are idle most of the time.
  const seldom = { target: () => anyOf(clients), gap: 600 }
  const much = { target: () => anyOf(stalling), gap: 10, size: 16_000 }
  const posters: SteadyPosters[] = []
  onTestFinished(async () => void (await Promise.all(posters.map((poster) => poster.stop()))))
  for (const [post, options] of [
    ...times(3, () => [httpPost(endpoint, true), often] as const),
    ...times(3, () => [sdkPost(endpoint), often] as const),
    ...times(1, () => [httpPost(endpoint, false), often] as const),
    ...times(5, () => [httpPost(endpoint, true), seldom] as const),
    ...times(1, () => [httpPost(endpoint, true), much] as const),
    ...times(1, () => [sdkPost(endpoint), much] as const),
  ]) {
    const poster = startPoster(post, options)
    posters.push(poster)
    // One after the other: nodes that have just started are slow at first, and an answer has a deadline.
    await expect.poll(() => poster.pushes.length, deadline).toBeGreaterThan(1)
  }

  // --- the deploy ---

  const exits: (number | null)[] = []
  for (const [i, old] of nodes.entries()) {
    old.child.kill('SIGTERM')
    await old.logged('draining')
    expect(await readiness(old)).toBe(503)
    exits.push((await old.exited).code)
    expect(old.errors).toEqual([])
    nodes = nodes.with(i, await start(old.name, old))
  }
  await Promise.all([clients.complete(), stalling.complete()])
  await Promise.all(posters.map((poster) => poster.stop()))

  // --- the account ---

  const connections = [...clients.connections, ...stalling.connections]
  const pushes = posters.flatMap((poster) => poster.pushes)
  const sent = pushes.filter(({ answer }) => answer === 200)
  await expect.poll(() => missing(sent, connections).length, deadline).toBe(0)
  await Promise.all([clients.close(), stalling.close()])
  await expect.poll(() => disconnects(backend).length, deadline).toBeGreaterThanOrEqual(connections.length)
  await expect.poll(() => balancer.sessions.length, deadline).toBeGreaterThan(connections.length)
  await balancer.close()

  const owed = connections.map(({ id, closed }) => `${id} ${closed}`)
  const told = disconnects(backend)
  const received = connections.flatMap(({ pushes }) => pushes)
  const answers = count(pushes.map(({ answer }) => answer))
  const states = count(balancer.sessions.map(({ state }) => state))
  const closes = count(connections.map(({ closed }) => String(closed)))
  const slowestGone = Math.max(...pushes.map(({ answer, took }) => (answer === 410 ? took : 0)))
  printAccount('rolling deploy', {
    ...{ nodes: nodes.length, clients: clientCount + stallingCount, connections: connections.length },
    'connections by close': words(closes),
    'connects that failed': clients.failures.length + stalling.failures.length,
    '$connects run': backend.calls.filter((call) => call.url === '/connect').length,
    ...{ '$disconnects owed': owed.length, '$disconnects run': told.length },
    'pushes by answer': words(answers),
    ...{ 'pushes answered 200': sent.length, 'frames received': received.length },
    ...{ 'TCP sessions': balancer.sessions.length, 'TCP sessions by end': words(states) },
    'TCP tries that failed': balancer.sessions.reduce((sum, { retries }) => sum + retries, 0),
    ...{ 'slowest 410, in milliseconds': Math.round(slowestGone), 'exit codes': exits.join(' ') },
  })
  expect(exits).toEqual([0, 0, 0])
  expect([...clients.failures, ...stalling.failures]).toEqual([])
  expect(new Set(answers.keys())).toEqual(new Set([200, 410]))
  expect(received.sort(byNumber)).toEqual(sent.map(({ number }) => number).sort(byNumber))
  expect(told.sort()).toEqual(owed.sort())
  expect([...states.keys()]).toEqual(['--'])
  // Each node had its share of clients.
  expect([...closes.keys()].sort()).toEqual(['1000 bye', '1001 Going away'])
  expect(closes.get('1001 Going away')).toBeGreaterThan(clientCount)
}, 180_000)

// --- the parts ---

interface Node extends GatewayProcess {
  readonly name: string
}

const readiness = async ({ managementPort }: BalancedNode): Promise<number> =>
  (await fetch(`http://127.0.0.1:${managementPort}/readyz`)).status

async function ready(node: BalancedNode): Promise<void> {
  await expect.poll(() => readiness(node), deadline).toBe(200)
}

/** One in ten is a connection that has ended. */
function anyOf(clients: SteadyClients): string | null {
  const open = clients.open()
  const from = Math.random() < 0.1 ? clients.connections : open
  return from[Math.floor(Math.random() * from.length)]?.id ?? null
}

function missing(sent: readonly Push[], connections: readonly SteadyConnection[]): Push[] {
  const received = new Map(connections.map(({ id, pushes }) => [id, new Set(pushes)]))
  return sent.filter(({ id, number }) => received.get(id)?.has(number) !== true)
}

/** `id 1001 Going away` for each that the backend was told of. */
function disconnects({ calls }: Backend): string[] {
  return calls
    .filter(({ url }) => url === '/disconnect')
    .map(({ headers }) => `${headers.id} ${headers.code} ${headers.reason}`)
}

const times = <T>(length: number, make: () => T): T[] => Array.from({ length }, make)

function count<T>(items: readonly T[]): Map<T, number> {
  const counts = new Map<T, number>()
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1)
  return counts
}

function words(counts: ReadonlyMap<unknown, number>): string {
  return [...counts].map(([name, number]) => `${name}: ${number}`).join(', ')
}

const byNumber = (a: number, b: number) => a - b

function definition(backend: string) {
  return {
    apiId: 'chat',
    protocolType: 'WEBSOCKET',
    routeSelectionExpression: '$request.body.action',
    routes: {
      $connect: tells(`${backend}/connect`, { id: 'connectionId' }),
      $disconnect: tells(`${backend}/disconnect`, {
        id: 'connectionId',
        code: 'disconnectStatusCode',
        reason: 'disconnectReason',
      }),
      $default: says('$context.connectionId'),
    },
    stages: { dev: {} },
  }
}
