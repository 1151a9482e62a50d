import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { haproxyConfig } from '../../load/fleet/balancer.ts'
import { loadArguments } from '../../load/fleet/load-arguments.ts'
import { repository } from '../helpers/examples.ts'
import { fromSource } from '../helpers/from-source.ts'
import { isAlive } from '../helpers/workers.ts'

function spawnWithFleet(...args: string[]) {
  const child = spawn(process.execPath, [...fromSource, 'load/fleet/with-fleet.ts', ...args], {
    cwd: repository,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk) => (out += String(chunk)))
  child.stderr.on('data', (chunk) => (err += String(chunk)))
  return { child, ended: once(child, 'close'), out: () => out, err: () => err }
}

function childrenOf(pid: number): number[] {
  const lines = execFileSync('ps', ['-e', '-o', 'ppid=,pid=']).toString().trim().split('\n')
  return lines.flatMap((line) => {
    const [parent, child] = line.trim().split(/\s+/).map(Number)
    return parent === pid && child !== undefined ? [child] : []
  })
}

test('Ctrl-C drains the load, reports, and leaves nothing behind', { timeout: 120_000 }, async () => {
  const { child, ended, out, err } = spawnWithFleet(
    'load/dashboard-push.yaml',
    ...['--nodes', '2', '--kill', '10m'],
    ...['--set', 'phases.0.connections=10', '--set', 'phases.1.duration=5m', '--set', 'thresholds=[lost == 0]'],
  )
  await expect.poll(() => err(), { timeout: 60_000 }).toMatch(/\/s posted/)
  expect(err()).toMatch(/^fleet: nodes on \d+, \d+ of 127\.0\.0\.1, behind HAProxy on \d+$/m)
  const started = childrenOf(child.pid as number)
  // Redis, the chat's function, two nodes, HAProxy, and the load.
  expect(started.length).toBeGreaterThanOrEqual(6)
  child.kill('SIGINT')
  expect(await ended, err()).toEqual([0, null])
  expect(out()).toContain('Interrupted.')
  expect(out()).toMatch(/^node-2 /m)
  expect(err()).toMatch(/^fleet: [\d.]+ s: the load was over before its time$/m)
  await expect.poll(() => started.filter(isAlive), { timeout: 20_000 }).toEqual([])
})

test('what a scenario says ends with its exit code, and a file that is not there with 3', {
  timeout: 60_000,
}, async () => {
  const absent = spawnWithFleet('load/absent.yaml')
  expect(await absent.ended).toEqual([3, null])
  expect(absent.err()).toMatch(/^fleet: .*load\/absent\.yaml/m)
  const wrong = spawnWithFleet('load/soak.yaml', '--nodes', '0')
  expect((await wrong.ended)[0]).toBe(2)
  expect(wrong.err()).toContain('It is a number from 1 to 16.')
})

const nodes = [1, 2].map((n) => ({ name: `node-${n}`, port: 7000 + n, managementPort: 9000 + n }))

test('a scenario is aimed at the balancer, or at each node where there is none', () => {
  const scenario = parse(`
    target: ws://127.0.0.1:8080/echo/dev?name={{index}}
    pushes: { urls: [http://127.0.0.1:8080/echo/dev] }
    rest: [{ url: http://127.0.0.1:8081/healthz }, { url: http://localhost:8080/echo/dev/@connections/x }]
  `)
  expect(loadArguments(scenario, { nodes, entries: [7000], watch: { haproxy: 7000 } })).toEqual({
    targets: ['ws://127.0.0.1:7000/echo/dev?name={{index}}'],
    set: [
      'pushes.urls=["http://127.0.0.1:7000/echo/dev"]',
      'rest.0.url="http://127.0.0.1:9001/healthz"',
      'rest.1.url="http://127.0.0.1:7000/echo/dev/@connections/x"',
      'watch.haproxy=7000',
    ],
  })
  const direct = loadArguments(scenario, { nodes, entries: [7001, 7002], watch: {} })
  expect(direct.targets).toEqual([7001, 7002].map((port) => `ws://127.0.0.1:${port}/echo/dev?name={{index}}`))
  expect(direct.set[0]).toBe('pushes.urls=["http://127.0.0.1:7001/echo/dev","http://127.0.0.1:7002/echo/dev"]')
})

test('the balancer has the configuration of the docs, with these nodes', () => {
  const example = [
    'global\n  log stdout format raw local0\ndefaults\n  log global\n  option tcplog\n  timeout client 3m',
    'frontend clients\n  bind :8080',
    'backend postern\n  default-server check port 8081 inter 500ms fall 2\n  default-server observe layer4',
    '  server node-1 10.0.0.11:8080\n  server node-2 10.0.0.12:8080\n  server node-3 10.0.0.13:8080\n',
  ].join('\n')
  expect(haproxyConfig(example, 7000, nodes)).toBe(
    [
      'global\ndefaults\n  timeout client 3m',
      'frontend clients\n  bind 127.0.0.1:7000',
      'backend postern\n  default-server check inter 500ms fall 2\n  default-server observe layer4',
      '  server node-1 127.0.0.1:7001 port 9001\n  server node-2 127.0.0.1:7002 port 9002\n',
    ].join('\n'),
  )
})
