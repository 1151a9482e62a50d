import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { watchProcesses } from '../../../load/src/run/local-processes.ts'
import { shownDefinition } from '../../../load/src/run/shown-definition.ts'
import { foreignHosts, isLoopback, localPorts, shownUrl } from '../../../load/src/run/target-addresses.ts'
import { scenarioOf } from './play.ts'

test('the process that listens on a port is found, and its CPU and memory read', async () => {
  const program = `
    require('node:net').createServer().listen(0, '127.0.0.1', function () { console.log(this.address().port) })
    globalThis.kept = Buffer.alloc(100_000_000, 1)
    const busy = () => { const end = Date.now() + 20; while (Date.now() < end); setImmediate(busy) }
    busy()`
  const child = spawn(process.execPath, ['-e', program, '--', '--token', 's3cr3t', '--api-key=s3cr3t'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [port] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  const watch = watchProcesses([{ name: 'busy', port: Number(port) }])
  await watch.sample(0)
  await new Promise((resolve) => setTimeout(resolve, 1000))
  await watch.sample(1)
  const [found] = watch.results
  expect(found).toMatchObject({ name: 'busy', pid: child.pid })
  expect(found?.command).not.toContain('s3cr3t')
  expect(found?.samples).toHaveLength(1)
  expect(found?.samples[0]?.memoryBytes).toBeGreaterThan(100_000_000)
  // All that the other work on the machine leaves it.
  expect(found?.samples[0]?.cpu).toBeGreaterThan(0.02)
  expect(found?.samples[0]?.cpu).toBeLessThan(1.6)
  child.kill('SIGKILL')
  await once(child, 'exit')
  await watch.sample(2)
  expect(watch.results[0]?.samples).toHaveLength(1)
})

test.each([
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['localhost', true],
  ['api.localhost', true],
  ['[::1]', true],
  ['0.0.0.0', false],
  ['10.0.0.1', false],
  ['127.0.0.1.example.com', false],
  ['localhost.example.com', false],
  ['[::ffff:8.8.8.8]', false],
])('%s is loopback: %s', (host, is) => {
  expect(isLoopback(host)).toBe(is)
})

test('every URL that a scenario sends to is looked at, and a host that a template makes is foreign', async () => {
  const scenario = await scenarioOf({
    target: ['ws://127.0.0.1:1/a', 'wss://chat.example.com/b', 'ws://{{vars.host}}/c', 'ws://u:p@localhost/{{index}}'],
    variables: { host: '127.0.0.1', connectionId: 'x' },
    phases: [{ phase: 'hold', duration: '1s' }],
    pushes: { urls: 'http://10.1.1.1/a' },
    rest: [{ url: 'https://localhost/x' }],
    watch: { redis: 6379 },
  })
  expect(foreignHosts(scenario)).toEqual(['chat.example.com', 'ws://{{vars.host}}/c', '10.1.1.1'])
  expect(localPorts(scenario)).toEqual([
    { name: '127.0.0.1:1', port: 1 },
    { name: 'localhost', port: 80 },
    { name: 'localhost', port: 443 },
    { name: 'redis', port: 6379 },
  ])
})

test('a result shows URLs without secrets, and a scenario without what stands under secret names', () => {
  expect(shownUrl('wss://user:pass@h:1/chat?token=x#y')).toBe('wss://h:1/chat')
  expect(
    shownDefinition({
      target: ['ws://h/?token={{data.token}}', 'ws://h/?token=s3cr3t'],
      connection: { headers: { Authorization: 'Bearer s3cr3t', Cookie: '{{env.COOKIE}}', Accept: 'x' } },
      variables: { apiKey: 's3cr3t', token: 'Bearer {{data.t}}', room: 'a' },
      messages: [{ send: { password: ['s3cr3t'], n: 1 } }],
    }),
  ).toEqual({
    target: ['ws://h/?token={{data.token}}', 'ws://h/?…'],
    connection: { headers: { Authorization: '…', Cookie: '{{env.COOKIE}}', Accept: 'x' } },
    variables: { apiKey: '…', token: 'Bearer {{data.t}}', room: 'a' },
    messages: [{ send: { password: ['…'], n: 1 } }],
  })
})
