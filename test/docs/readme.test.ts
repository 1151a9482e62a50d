import { type ChildProcessByStdio, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { freePort } from '../../load/fleet/free-port.ts'
import { Client } from '../helpers/client.ts'
import { repository, startExamples } from '../helpers/examples.ts'
import { type CodeBlock, readPage } from '../helpers/markdown.ts'
import { startRedis } from '../helpers/redis-server.ts'

const readme = readPage('README.md')

/** The blocks under a heading, in order. */
function under(heading: string): readonly CodeBlock[] {
  return readme.blocks.filter((block) => block.heading === heading)
}

function only(heading: string, language: string): CodeBlock {
  const found = under(heading).find((block) => block.language === language)
  if (found === undefined) throw new Error(`no ${language} under ${heading}`)
  return found
}

/** The shell runs what `npm start` has built, as a reader's `npx postern` does, without the time that npx takes. */
const shim = `npx() { shift; '${process.execPath}' dist/cli/main.js "$@"; }\n`

/** A terminal in the folder of the clone, into which a reader pastes. */
class Terminal {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #lines: AsyncIterator<string>
  readonly ended: Promise<unknown>
  #notices = ''

  constructor(command: string, env: Record<string, string> = {}) {
    const child = spawn('sh', ['-c', shim + command], {
      cwd: repository,
      env: { ...process.env, ...env },
      stdio: 'pipe',
      detached: true,
    })
    child.stderr.on('data', (text) => {
      this.#notices += text
    })
    this.#child = child
    this.ended = once(child, 'exit')
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    onTestFinished(async () => {
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
      process.kill(-child.pid, 'SIGTERM')
      await this.ended
    })
  }

  paste(text: string): void {
    this.#child.stdin.write(`${text}\n`)
  }

  async line(): Promise<string> {
    const { value, done } = await this.#lines.next()
    if (done === true) throw new Error(`the command has ended: ${this.#notices}`)
    return value
  }

  async lines(count: number): Promise<string> {
    const lines: string[] = []
    while (lines.length < count) lines.push(await this.line())
    return lines.join('\n')
  }
}

/** `npm start`, on ports that are free. */
async function startAsWritten(): Promise<(text: string) => string> {
  const terminal = new Terminal('npx postern start routes --port 0 --management-port 0')
  for (;;) {
    const { msg, port } = JSON.parse(await terminal.line()) as { msg: string; port: number }
    if (msg === 'listening') return (text) => text.replaceAll('127.0.0.1:8080', `127.0.0.1:${port}`)
  }
}

/** Files that a section tells its reader to write, by their names there. */
async function writeFiles(heading: string, change: (text: string) => string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  for (const { file, text } of under(heading)) {
    if (file === null) continue
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await writeFile(join(folder, file), change(text))
  }
  return folder
}

test('the two commands are scripts of the package, and what they run is there', async () => {
  const { scripts, bin } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8'))
  expect(only('Start', 'sh').text).toBe('npm ci && npm start')
  expect(only('Working on Postern', 'sh').text).toBe('npm ci && npm test')
  expect(scripts.start).toMatch(/node dist\/cli\/main\.js start routes$/)
  expect(bin).toEqual({ postern: 'dist/cli/postern.cjs' })
  expect(scripts.test).toMatch(/vitest run$/)
})

test('the first conversation goes as written', async () => {
  const here = await startAsWritten()
  const client = new Terminal(here(only('A first conversation', 'sh').text))
  client.paste(only('A first conversation', 'json').text)
  const { text } = only('A first conversation', 'text')
  expect(await client.lines(text.split('\n').length)).toBe(text)
}, 60_000)

test('a connection is pushed to as written, by curl and by the SDK', async () => {
  const here = await startAsWritten()
  const [connect, curl] = under('Push to a connection').filter(({ language }) => language === 'sh')
  const client = new Terminal(here(connect?.text ?? ''))
  client.paste(only('Push to a connection', 'json').text)
  let frame = (await client.line()).replace('< ', '')
  while (!frame.endsWith('}')) frame += await client.line()
  const { connectionId } = JSON.parse(frame)
  const pushed = new Terminal(here(curl?.text ?? '').replace(/^ID=.*$/m, `ID='${connectionId}'`))
  expect(await client.line()).toBe('< hello from curl')
  expect((await pushed.ended) as unknown[]).toEqual([0, null])

  // As it stands, and where a file of the clone's own folder finds what `npm ci` has installed.
  const { file, text } = only('Push to a connection', 'js')
  expect(file).toBe('push.mjs')
  const path = join('node_modules', `.readme-${process.pid}.mjs`)
  onTestFinished(() => rm(join(repository, path), { force: true }))
  await writeFile(join(repository, path), here(text))
  const [run = '', groups = ''] = under('Push to a connection')
    .filter(({ language }) => language === 'sh')
    .slice(-2)
    .map(({ text }) => text)
  expect(run).toBe('node push.mjs "$ID"')
  const script = new Terminal(run.replace('push.mjs', path), { ID: connectionId })
  expect(await client.line()).toBe('< hello from the SDK')
  expect((await script.ended) as unknown[]).toEqual([0, null])
  const grouped = new Terminal(here(groups), { ID: connectionId })
  expect(await client.line()).toBe('< soup is ready')
  expect((await grouped.ended) as unknown[]).toEqual([0, null])
}, 60_000)

test('what has to run, and what must not, is said before the command that needs it', () => {
  const place = (text: string) => {
    const at = readme.text.indexOf(text)
    expect(at, text).toBeGreaterThan(0)
    return at
  }
  expect(place('Stop `npm start` first')).toBeLessThan(place('redis-server --save'))
  expect(place('With `npm start` running in another terminal')).toBeLessThan(place('npx postern load '))
})

test('what a reader writes into the clone is not taken for a change', () => {
  const written = readme.blocks.flatMap(({ file, heading }) =>
    file === null || heading === 'Push to a connection' ? [] : [file],
  )
  const files = [...written, 'push.mjs', 'message.txt', 'report.html', 'redis.log', 'node-8080.log', 'result.json']
  expect(written.length).toBeGreaterThan(3)
  const ignored = execFileSync('git', ['check-ignore', '--no-index', ...files], { cwd: repository, encoding: 'utf8' })
  expect(ignored.trim().split('\n')).toEqual(files)
  const { status } = spawnSync('git', ['check-ignore', '--no-index', 'package.json', 'biome.json', 'tsconfig.json'], {
    cwd: repository,
  })
  expect(status).toBe(1)
})

test('three nodes are one fleet as written', async () => {
  const redis = await startRedis()
  onTestFinished(() => redis.close())
  const [start = '', connect = '', push = ''] = under('A fleet')
    .filter(({ language }) => language === 'sh')
    .map(({ text }) => text)
  expect(start).toMatch(/^redis-server --save '' > redis.log &\n/)
  const ports = await freePairs(['8080', '8090', '8100'])
  const here = (text: string) => text.replaceAll(/\b80[89]0\b|\b8100\b/g, (port) => String(ports.get(port)))
  const nodes = here(start)
    .replace(/^redis-server.*\n/, '')
    .replace('redis://127.0.0.1', redis.url)
    .replace(' > node-$port.log', '')
  const fleet = new Terminal(`${nodes}\nwait`)
  for (let listening = 0; listening < 3; ) {
    if ((JSON.parse(await fleet.line()) as { msg: string }).msg === 'listening') listening++
  }
  const client = new Terminal(here(connect))
  client.paste(only('A fleet', 'json').text)
  let frame = (await client.line()).replace('< ', '')
  while (!frame.endsWith('}')) frame += await client.line()
  const { connectionId } = JSON.parse(frame)
  const pushed = new Terminal(here(push).replace(/^ID=.*$/m, `ID='${connectionId}'`), {
    POSTERN_MANAGEMENT_URL: `http://127.0.0.1:${(ports.get('8080') ?? 0) + 1}`,
  })
  expect(await client.line()).toBe('< hello from another node')
  const shown = (await pushed.lines(5)).split('\n')
  const written = only('A fleet', 'text').text.split('\n')
  const columns = (line = '') => line.split(/\s{2,}/)
  expect(columns(shown[0])).toEqual(columns(written[0]))
  expect(shown.slice(1, 4).filter((line) => / \* .* 1 /.test(line))).toHaveLength(1)
  expect(shown[4]).toBe(written[4])
}, 60_000)

test('a backend of ten lines answers as written', async () => {
  const port = await freePort()
  const folder = await writeFiles('Your own HTTP backend', (text) => text.replaceAll('3000', String(port)))
  const { ws } = await startExamples(join(folder, 'routes'))
  const server = spawn(process.execPath, ['server.mjs'], { cwd: folder, stdio: 'inherit' })
  onTestFinished(() => void server.kill())
  await answers(port)
  const client = await Client.connect(`${ws}${pathOf('Your own HTTP backend')}`)
  client.send('hello')
  expect(await client.next()).toMatch(/^[\w-]{15}= said: hello$/)
})

test('a function of ten lines answers as written', async () => {
  const folder = await writeFiles('Your own function', (text) => text)
  const { ws } = await startExamples(join(folder, 'routes'))
  const client = await Client.connect(`${ws}${pathOf('Your own function')}`)
  client.send('hi')
  expect(await client.next()).toMatch(/^hello [\w-]{15}=, you said hi to \$default$/)
})

/** The path of the URL that a section connects to. */
function pathOf(heading: string): string {
  const command = under(heading).findLast(({ language }) => language === 'sh')?.text ?? ''
  return new URL(command.split(' ').at(-1) ?? '').pathname
}

/**
 * A free port for each name, the next one of which is free too. Below those that the system gives to whoever asks for
 * any: a neighbour can't get one in between.
 */
async function freePairs(names: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const pairs = new Map<string, number>()
  for (let port = 20_000 + 2 * Math.floor(Math.random() * 5_000); pairs.size < names.length; port += 2) {
    const [name] = names.slice(pairs.size)
    if (name !== undefined && (await isFree(port)) && (await isFree(port + 1))) pairs.set(name, port)
  }
  return pairs
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  const listening = once(server, 'listening').then(
    () => true,
    () => false,
  )
  server.listen(port, '127.0.0.1')
  const free = await listening
  if (free) {
    server.close()
    await once(server, 'close')
  }
  return free
}

/** Resolves once a server that prints nothing listens. */
async function answers(port: number): Promise<void> {
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}`).catch(() => null)
    if (answer !== null) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
