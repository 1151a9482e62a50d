import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * `npm run test:nodes`: the transport suite and a selection of the wire suite on other lines of Node.js than the one
 * that runs this. Each is the npm package `node` of its major, kept in the user's cache. uWebSockets.js is underneath
 * where a build of it loads, ours or the one in POSTERN_UWS_MODULE, else Node.js itself. `npm run test:nodes -- 26
 * test/wire` runs other files on one line.
 */
const majors = ['22', '24', '26']
const selection = [
  'test/transport',
  ...['callbacks', 'handshake', 'http-apis', 'removed-stages', 'tls'].map((name) => `test/wire/${name}.test.ts`),
]

const root = fileURLToPath(new URL('..', import.meta.url))
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'postern', 'nodes')

/** The executable of a major; installed first where it is missing. */
function nodeOf(major: string): string {
  const folder = join(cache, major)
  const executable = join(folder, 'node_modules/node/bin/node')
  if (existsSync(executable)) return executable
  mkdirSync(folder, { recursive: true })
  // The package puts the binary in place with a script of its own.
  const args = [
    'install',
    '--prefix',
    folder,
    '--no-save',
    '--no-audit',
    '--no-fund',
    '--ignore-scripts=false',
    `node@${major}`,
  ]
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd: folder, encoding: 'utf8' })
  if (status === 0 && existsSync(executable)) return executable
  throw new Error(`node@${major} could not be installed:\n${stdout}${stderr}`)
}

/** Loads the build of uWebSockets.js in POSTERN_UWS_MODULE or else ours, as the gateway would. */
const loadsUws = `
const { loadUws, ownUwsModule } = await import('./src/transport/uws/load-uws.ts')
const { env } = process
const module = env.POSTERN_UWS_MODULE || ownUwsModule
await loadUws({ module, isOwn: !env.POSTERN_UWS_MODULE, environment: env })`

/** Says which server underneath the tests on a Node.js have: `node` where it doesn't load the build under test. */
function serverOf(node: string): 'uws' | 'node' {
  const { status } = spawnSync(node, ['--import', 'tsx', '--input-type=module', '--eval', loadsUws], { cwd: root })
  return status === 0 ? 'uws' : 'node'
}

interface Result {
  readonly line: string
  readonly code: number
}

async function testOn(major: string, files: readonly string[]): Promise<Result> {
  const node = nodeOf(major)
  const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()
  const server = serverOf(node)
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const startedAt = performance.now()
  const child = spawn(node, [vitest, 'run', '--project', `${server}*`, '--maxWorkers=1', '--reporter=dot', ...files], {
    cwd: root,
    env: { ...process.env, NO_COLOR: '1', PATH: `${dirname(node)}:${process.env.PATH}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = collect(child)
  const code = await new Promise<number>((resolve) => child.on('exit', (status) => resolve(status ?? 1)))
  if (code !== 0) process.stderr.write(output.join(''))
  const tests = /Tests +(.*)/.exec(output.join(''))?.[1] ?? 'no summary'
  const seconds = Math.round((performance.now() - startedAt) / 1000)
  return {
    line: `Node.js ${version.slice(1)} on ${server}: ${code === 0 ? 'passed' : 'FAILED'}, ${tests}, ${seconds} s`,
    code,
  }
}

function collect(child: ChildProcess): string[] {
  const chunks: string[] = []
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk.toString()))
  return chunks
}

const given = process.argv.slice(2)
const wanted = given.filter((each) => /^\d+$/.test(each))
const files = given.filter((each) => !/^\d+$/.test(each))
const lines = wanted.length === 0 ? majors : wanted
// At once: most of the time is spent on waiting for sockets and clocks.
const results = await Promise.all(lines.map((major) => testOn(major, files.length === 0 ? selection : files)))
for (const { line } of results) console.log(line)
process.exitCode = results.every(({ code }) => code === 0) ? 0 : 1
