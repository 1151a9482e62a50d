import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { stringify } from 'yaml'
import { StartError, startPostern } from '../../src/app/start.ts'
import { readSettings } from '../../src/config/read-settings.ts'
import { Client, refused } from '../helpers/client.ts'
import { says } from '../helpers/definitions.ts'
import { readMetrics } from '../helpers/metrics.ts'
import { type Definition, minimalApi } from '../helpers/postern.ts'
import { transportFlags } from '../helpers/test-transport.ts'

/** A folder of definitions, given as text or as members over the minimal API. */
async function folder(apis: Record<string, Definition | string>) {
  const dir = await mkdtemp(join(tmpdir(), 'postern-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  const write = async (apiId: string, api: Definition | string) => {
    await mkdir(join(dir, apiId), { recursive: true })
    const text = typeof api === 'string' ? api : stringify({ ...minimalApi, apiId, ...api })
    await writeFile(join(dir, apiId, 'api.yaml'), text)
  }
  for (const [apiId, api] of Object.entries(apis)) await write(apiId, api)
  const { settings } = await readSettings({
    flags: { dir, port: '0', managementPort: '0', ...transportFlags },
    env: {},
    file: null,
  })
  if (settings === null) throw new Error('settings with faults')
  const lines: string[] = []
  const start = async () => {
    const postern = await startPostern(settings, {
      destination: { write: (line) => void lines.push(line) },
      environment: process.env,
      version: 'test',
    })
    onTestFinished(() => postern.close())
    return postern
  }
  return { write, start, lines, remove: (apiId: string) => rm(join(dir, apiId), { recursive: true }) }
}

const greeting = (text: string): Definition => ({ routes: { $default: says(text) } })
const faulty: [string, Definition | string][] = [
  ['text that is no YAML', 'apiId: [broken'],
  ['an empty file', ''],
  ['a list', '- a\n- b\n'],
  ['an unknown member', { colour: 'red' }],
  ['an expression that can not be read', { routeSelectionExpression: '$request.nothing.x' }],
  ['a template that can not be read', { routes: { a: says('#if(') } }],
  ['an integration that is not there', { routes: { a: { integration: 'nobody' } } }],
  [
    'a handler that is not there',
    {
      functions: { f: { handler: 'none.none' } },
      routes: { a: { integration: { integrationType: 'AWS_PROXY', integrationUri: 'function:f' } } },
    },
  ],
  ['an access log without an id', { stages: { dev: { accessLogSettings: { format: '$context.stage' } } } }],
  [
    'a mapping from nowhere',
    {
      routes: {
        a: {
          integration: {
            integrationType: 'HTTP_PROXY',
            integrationMethod: 'POST',
            integrationUri: 'http://x',
            requestParameters: { 'integration.request.header.a': 'nowhere.b' },
          },
        },
      },
    },
  ],
  ['members of every object', 'constructor: x\n__proto__: y\ntoString: z\n'],
  ['100,000 nested lists', `a: ${'['.repeat(100_000)}`],
]

test.each(faulty)(
  '%s: the API is not served and the log says why with file and line; the others are served',
  async (_fault, bad) => {
    const { start, lines } = await folder({ bad, good: greeting('hello') })
    const postern = await start()
    expect(postern.faults.length).toBeGreaterThan(0)
    for (const { file, message } of postern.faults) {
      expect(file).toMatch(/bad\/api\.yaml$/)
      expect(lines.some((line) => line.includes('"level":"error"') && JSON.parse(line).msg === message)).toBe(true)
    }
    const client = await Client.connect(`ws://127.0.0.1:${postern.port}/good/dev`)
    client.send('x')
    expect(await client.next()).toBe('hello')
    client.close()
    expect((await refused(`ws://127.0.0.1:${postern.port}/bad/dev`)).status).toBe(403)
  },
)

test('a gateway with nothing to serve does not start, and says every fault', async () => {
  const { start } = await folder({ a: 'apiId: [', b: { colour: 'red' } })
  const error = await start().catch((each) => each)
  expect(error).toBeInstanceOf(StartError)
  expect(error.faults.map((fault: { file: string }) => fault.file.split('/').at(-2))).toEqual(['a', 'b'])
})

test('a reload puts good definitions in place, leaves those that became faulty as they ran, and removes none while there are faults', async () => {
  const { start, write, remove } = await folder({ a: greeting('a1'), b: greeting('b1'), c: greeting('c1') })
  const postern = await start()
  const clients = await Promise.all(
    ['a', 'b', 'c'].map((apiId) => Client.connect(`ws://127.0.0.1:${postern.port}/${apiId}/dev`)),
  )
  const say = async () => {
    const replies: string[] = []
    for (const client of clients) {
      client.send('x')
      replies.push(await client.next())
    }
    return replies
  }
  expect(await say()).toEqual(['a1', 'b1', 'c1'])
  await write('a', greeting('a2'))
  await write('b', { colour: 'red', ...greeting('b2') })
  await remove('c')
  expect((await postern.reload()).length).toBe(1)
  expect(await say()).toEqual(['a2', 'b1', 'c1'])

  await write('b', greeting('b3'))
  expect(await postern.reload()).toEqual([])
  expect(await clients[2]?.closed).toEqual({ code: 1001, reason: 'Going away' })
  clients.pop()
  expect(await say()).toEqual(['a2', 'b3'])
  const metrics = await readMetrics(postern.managementPort)
  expect(metrics.get('postern_definition_reloads_total{outcome="rejected"}')).toBe(1)
  // With the start, which is one too.
  expect(metrics.get('postern_definition_reloads_total{outcome="applied"}')).toBe(2)
  for (const client of clients) client.close()
})
