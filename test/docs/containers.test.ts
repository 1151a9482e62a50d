import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { parseDuration } from '../../load/src/scenario/duration.ts'
import { readSettings } from '../../src/config/read-settings.ts'
import { repository, startExamples } from '../helpers/examples.ts'

const read = (path: string) => readFileSync(join(repository, path), 'utf8')
const compose = parse(read('compose.yaml'))
/** The instructions of the Dockerfile, stage by stage, continued lines joined. */
const stages = read('Dockerfile')
  .replaceAll('\\\n', ' ')
  .split(/^(?=FROM )/m)
  .map((stage) => stage.split('\n').filter((line) => /^[A-Z]+ /.test(line)))
  .filter((stage) => stage.length > 0)

test('a node has the time that it needs to drain, and says no for longer than the balancer needs to notice', async () => {
  const { environment, stop_grace_period: grace } = compose.services.postern
  const env = Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [
      name,
      String(value).replace(/^\$\{.*\}$/, 'token-of-16-or-more'),
    ]),
  )
  const { settings, faults } = await readSettings({ flags: {}, env, file: null })
  expect(faults).toEqual([])
  const { drainDelaySeconds = 0, drainSeconds = 0 } = settings ?? {}
  // docs/operating.md: both times and 45 seconds more.
  expect(Number(parseDuration(grace)) / 1000).toBeGreaterThanOrEqual(drainDelaySeconds + drainSeconds + 45)
  const check = /check port 8081 inter (\d+)s fall (\d+)/.exec(compose.configs.haproxy.content)
  expect(drainDelaySeconds).toBeGreaterThan(Number(check?.[1]) * Number(check?.[2]))
})

test('every service says whether it is healthy, and who needs it waits for that', () => {
  for (const [name, service] of Object.entries<{ build?: string; healthcheck?: object; depends_on?: object }>(
    compose.services,
  )) {
    expect(service.healthcheck ?? service.build, name).toBeTruthy()
    for (const needed of Object.values(service.depends_on ?? {})) expect(needed.condition).toBe('service_healthy')
  }
})

test('the health check of the image asks a gateway that runs, and fails where none does', async () => {
  const check = stages.at(-1)?.find((line) => line.startsWith('HEALTHCHECK ')) ?? ''
  const [program, ...args] = JSON.parse(/ CMD (\[.*\])$/.exec(check)?.[1] ?? '[]') as string[]
  expect(program).toBe('node')
  const isHealthy = (port: number) =>
    new Promise((resolve) => {
      const env = { POSTERN_MANAGEMENT_PORT: String(port) }
      execFile(process.execPath, args, { env }, (error) => resolve(error === null))
    })
  const { managementPort } = await startExamples()
  expect(await isHealthy(managementPort ?? 0)).toBe(true)
  expect(await isHealthy(1)).toBe(false)
})

test('an image installs from package files alone, so that a change of the sources installs nothing', () => {
  const { workspaces } = JSON.parse(read('package.json')) as { workspaces: string[] }
  const [build = [], final = []] = stages
  for (const stage of [build, final]) {
    const install = stage.findIndex((line) => line.startsWith('RUN npm ci'))
    const copied = stage.slice(0, install).filter((line) => line.startsWith('COPY '))
    expect(install).toBeGreaterThan(0)
    for (const line of copied) expect(line).toMatch(/^COPY (?:(?:[a-z]+\/)?package(?:-lock)?\.json |\.npmrc )+\S+$/)
  }
  for (const workspace of workspaces) expect(build).toContain(`COPY ${workspace}/package.json ${workspace}/`)
  expect(build.indexOf('COPY . .')).toBeGreaterThan(0)
})

test('an image runs as nobody in particular, holds what was built and an example, and no secret', () => {
  const final = stages.at(-1) ?? []
  const user = final.findIndex((line) => line.startsWith('USER '))
  expect(final[user]).toBe('USER node')
  expect(final.slice(user).some((line) => /^(COPY|RUN|ADD) /.test(line))).toBe(false)
  expect(final).not.toContain('COPY . .')
  expect(read('Dockerfile')).not.toMatch(/^(ARG|ENV) .*(TOKEN|SECRET|PASSWORD)/im)
  for (const line of final.filter((each) => /^COPY (?!--from)/.test(each))) {
    for (const source of line.split(' ').slice(1, -1)) expect(existsSync(join(repository, source)), source).toBe(true)
  }
  const ignored = read('.dockerignore').split('\n')
  expect(ignored).toEqual(expect.arrayContaining(['.git', 'node_modules', '.env', '*.pem', '*.key', 'postern.yaml']))
})
