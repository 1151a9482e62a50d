import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { PassThrough } from 'node:stream'
import { afterAll, describe, expect, test } from 'vitest'
import type { Postern, Surroundings } from '../../src/app/start.ts'
import type { Io } from '../../src/cli/io.ts'
import { unsupportedNode } from '../../src/cli/node-version.ts'
import { run } from '../../src/cli/run.ts'
import { start } from '../../src/cli/start.ts'
import type { Settings } from '../../src/config/settings.ts'
import { settingsTable } from '../../src/config/settings-table.ts'
import { createLogger } from '../../src/observability/logger.ts'

const root = mkdtempSync(join(tmpdir(), 'postern-cli-'))
afterAll(() => rmSync(root, { recursive: true }))
mkdirSync(join(root, 'good/chat'), { recursive: true })
mkdirSync(join(root, 'bad/chat'), { recursive: true })
const definition = `apiId: chat
protocolType: WEBSOCKET
routeSelectionExpression: $request.body.action
routes: { join: { integration: { integrationType: MOCK, requestTemplates: { application/json: '{"statusCode":200}' } } } }
stages: { dev: {} }
`
writeFileSync(
  join(root, 'good/chat/api.yaml'),
  definition.replace('integrationType: MOCK', 'integrationType: MOCK, integrationResponses: { $default: {} }'),
)
writeFileSync(
  join(root, 'bad/chat/api.yaml'),
  definition.replace('$request.body.action', '$request.bdy').replace('join', '$join'),
)

function fakeIo(env: Record<string, string> = {}, isTTY = false) {
  const signals = new Map<string, () => void>()
  const exits: number[] = []
  let out = ''
  let err = ''
  const io: Io = {
    stdout: { write: (text) => (out += text), isTTY },
    stderr: { write: (text) => (err += text), isTTY },
    interactive: false,
    readLines: () => createInterface({ input: new PassThrough() }),
    env,
    onSignal: (signal, listener) => void signals.set(signal, listener),
    exit: (code) => void exits.push(code),
  }
  return {
    io,
    exits,
    signal: (name: string) => signals.get(name)?.(),
    hasSignal: (name: string) => signals.has(name),
    out: () => out,
    err: () => err,
  }
}

async function ran(argv: string[], env?: Record<string, string>, isTTY?: boolean) {
  const fake = fakeIo(env, isTTY)
  const code = await run(argv, fake.io)
  return { code, out: fake.out().replaceAll(`${root}/`, ''), err: fake.err().replaceAll(`${root}/`, '') }
}

describe('help', () => {
  test('names every command, with examples and exit codes', async () => {
    const { code, out } = await ran(['--help'])
    expect(code).toBe(0)
    for (const text of ['start [options] [dir]', 'check [options] [dir]', 'Examples:', 'Exit codes: 0 done']) {
      expect(out).toContain(text)
    }
  })

  test('of start lists every setting under its heading, with its default', async () => {
    const { code, out } = await ran(['start', '--help'])
    expect(code).toBe(0)
    for (const { name, flag, default: given, group } of settingsTable) {
      if (name === 'dir') continue
      expect(out).toContain(given === true ? `--no-${flag}` : `--${flag}`)
      expect(out).toContain(`\n${group}:\n`)
    }
    expect(out.replaceAll(/\s+/g, ' ')).toContain(
      '-p, --port <number> Port for WebSockets and @connections; 0 for a free one. (default: 8080)',
    )
    expect(out).toContain('POSTERN_CONNECTIONS_TOKENS')
    expect(out).toContain('SIGHUP')
  })

  test.each([60, 80, 120])('keeps to a terminal of %i columns, but for commands to be copied', async (columns) => {
    for (const command of [[], ['start'], ['check'], ['config'], ['connect'], ['connections'], ['workers'], ['load']]) {
      const fake = fakeIo({}, true)
      Object.assign(fake.io.stdout, { columns })
      expect(await run([...command, '--help'], fake.io)).toBe(0)
      const wide = fake
        .out()
        .split('\n')
        .filter((line) => line.length > columns && !/^ {2}\S/.test(line))
      expect(wide).toEqual([])
    }
  })

  test('is what no command at all gives, as wrong usage', async () => {
    const { code, err } = await ran([])
    expect(code).toBe(2)
    expect(err).toContain('Usage: postern')
  })
})

test('--version is the one of the package', async () => {
  const { code, out } = await ran(['--version'])
  expect(code).toBe(0)
  expect(out).toMatch(/^\d+\.\d+\.\d+\n$/)
})

describe('wrong usage ends in 2', () => {
  test.each([
    [
      ['start', '--prot', '1'],
      "error: unknown option '--prot'\n(Did you mean --port?)\n(postern start --help shows what is allowed)\n",
    ],
    [['strat'], "error: unknown command 'strat'\n(Did you mean start?)\n(postern --help shows what is allowed)\n"],
    [
      ['check', 'a', 'b'],
      "error: too many arguments for 'check'. Expected 1 argument but got 2.\n(postern check --help shows what is allowed)\n",
    ],
    [
      ['start', '--port'],
      "error: option '-p, --port <number>' argument missing\n(postern start --help shows what is allowed)\n",
    ],
  ])('%j', async (argv, message) => {
    const { code, out, err } = await ran(argv)
    expect(err).toBe(message)
    expect(out).toBe('')
    expect(code).toBe(2)
  })
})

describe('check', () => {
  test('ends in 0 when there is no fault', async () => {
    expect(await ran(['check', join(root, 'good')])).toEqual({ code: 0, out: 'no faults in good\n', err: '' })
  })

  test('ends in 1 and prints every fault, those that only compiling finds included', async () => {
    const { code, out } = await ran(['check', join(root, 'bad')])
    expect(code).toBe(1)
    const lines = out.split('\n')
    expect(lines[0]).toMatch(/^bad\/chat\/api\.yaml:3:27: routeSelectionExpression: /)
    expect(lines[1]).toMatch(/^bad\/chat\/api\.yaml:4:11: routes\.\$join: not a valid name; allowed: /)
    expect(lines.slice(2)).toEqual(['2 faults', ''])
  })

  test('ends in 0 and prints warnings, which keep no API from being served', async () => {
    mkdirSync(join(root, 'doubtful/chat'), { recursive: true })
    writeFileSync(
      join(root, 'doubtful/chat/api.yaml'),
      `apiId: chat
protocolType: WEBSOCKET
routeSelectionExpression: $request.body.action
routes: { $default: { integration: { integrationType: HTTP_PROXY, integrationMethod: POST, integrationUri: "http://backend/\${stageVariables.version}/rooms" } } }
stages: { dev: {}, prod: { stageVariables: { version: v1 } } }
`,
    )
    expect(await ran(['check', join(root, 'doubtful')])).toEqual({
      code: 0,
      out: `doubtful/chat/api.yaml:4:108: warning: routes.$default.integration.integrationUri: stage dev has no stage variable "version": it is empty there; allowed: none, there are no such names
1 warning
`,
      err: '',
    })
  })

  test('finds the folder and the faults of the settings in postern.yaml', async () => {
    const file = join(root, 'postern.yaml')
    writeFileSync(file, 'dir: good\nprot: 1\n')
    const { code, out } = await ran(['check', '--config', file])
    expect(code).toBe(1)
    expect(out).toMatch(/^postern\.yaml:2:1: prot: unknown member\. Did you mean "port"\?\n1 fault\n$/)
    writeFileSync(file, 'dir: good\nhost: 0.0.0.0\n')
    expect(await ran(['check'], { POSTERN_CONFIG: file })).toEqual({ code: 0, out: 'no faults in good\n', err: '' })
  })

  test('finds settings that name no API, no stage, or need another, with the nearest name', async () => {
    const file = join(root, 'names.yaml')
    writeFileSync(
      file,
      'dir: good\ndefaultApi: caht\nworkers: 2\ndomains:\n  - domainName: a.example\n    apiMappings:\n' +
        '      - { apiId: chat, stage: dve }\n      - { apiMappingKey: x, apiId: other, stage: dev }\n',
    )
    const { code, out } = await ran(['check', '--config', file])
    expect(code).toBe(1)
    expect(out.split('\n')).toEqual([
      'names.yaml:2:13: defaultApi: no definition has the apiId "caht"; allowed: chat. Did you mean "chat"?',
      expect.stringMatching(/^names\.yaml:3:10: workers: found 2; allowed: 1, or more with redis/),
      'names.yaml:7:31: domains[0].apiMappings[0].stage: API chat has no stage "dve"; allowed: dev. Did you mean "dev"?',
      'names.yaml:8:36: domains[0].apiMappings[1].apiId: no definition has the apiId "other"; allowed: chat',
      '4 faults',
      '',
    ])
  })

  test('does not miss an API that a definition with faults may hold', async () => {
    const file = join(root, 'unsure.yaml')
    writeFileSync(file, 'dir: unsure\ndefaultApi: shop\n')
    mkdirSync(join(root, 'unsure/chat'), { recursive: true })
    writeFileSync(join(root, 'unsure/chat/api.yaml'), definition.replace('apiId: chat', 'apiId: Shop'))
    const { out } = await ran(['check', '--config', file])
    expect(out).toContain('apiId: found "Shop"')
    expect(out).not.toContain('defaultApi')
  })

  test('never prints a secret of the environment', async () => {
    const env = {
      POSTERN_CONNECTIONS_TOKENS: 'geheim nis',
      POSTERN_TLS_PASSPHRASE: 'geheim',
      AWS_SECRET_ACCESS_KEY: 'geheim',
    }
    const { out, err } = await ran(['check', join(root, 'bad')], env)
    expect(out + err).not.toContain('geheim')
  })

  test('with --json prints an object a line for each fault, and nothing without one', async () => {
    const { code, out } = await ran(['check', join(root, 'bad'), '--json'])
    expect(code).toBe(1)
    const faults = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(faults).toMatchObject([
      { file: 'bad/chat/api.yaml', line: 3, column: 27, path: 'routeSelectionExpression', message: expect.any(String) },
      {
        file: 'bad/chat/api.yaml',
        line: 4,
        column: 11,
        path: 'routes.$join',
        message: expect.stringContaining('not a valid name'),
      },
    ])
    expect(await ran(['check', join(root, 'good'), '--json'])).toEqual({ code: 0, out: '', err: '' })
  })

  test('uses colours on a terminal only, and not with NO_COLOR', async () => {
    const red = '\u001b['
    expect((await ran(['check', join(root, 'bad')], {}, true)).out).toContain(red)
    expect((await ran(['check', join(root, 'bad')], { NO_COLOR: '1' }, true)).out).not.toContain(red)
    expect((await ran(['check', join(root, 'bad')])).out).not.toContain(red)
  })
})

test('no Node.js but 20 to 26 is started on', () => {
  for (const version of ['20.0.0', '21.1.0', '22.18.0', '23.0.0', '24.1.0', '25.0.0', '26.9.0']) {
    expect(unsupportedNode(version)).toBeNull()
  }
  for (const version of ['18.20.0', '19.9.0', '27.0.0', '2.0.0']) {
    expect(unsupportedNode(version)).toBe(`postern runs on Node.js 20 to 26; this is ${version}.`)
  }
})

describe('start', () => {
  const logged: string[] = []
  const recordedLog = createLogger({ level: 'info', destination: { write: (line) => void logged.push(line) } })

  function starting(options: { flags?: Record<string, string | boolean>; fails?: Error; isTTY?: boolean } = {}) {
    const fake = fakeIo({}, options.isTTY)
    let readable: Surroundings['readable']
    const calls: string[] = []
    let given: Settings | null = null
    let drained: () => void = () => {}
    let running: () => void = () => {}
    let reloaded: () => void = () => {}
    const isRunning = new Promise<void>((resolve) => {
      running = resolve
    })
    const hasReloaded = new Promise<void>((resolve) => {
      reloaded = resolve
    })
    const postern: Postern = {
      port: 1,
      managementPort: 2,
      faults: [],
      reload: async (settings, faults = []) => {
        calls.push(`reload ${settings?.connectionsTokens.join() ?? faults.map(({ message }) => message).join()}`)
        reloaded()
        return []
      },
      drain: (seconds) => {
        calls.push(`drain ${seconds}`)
        return new Promise<void>((resolve) => {
          drained = resolve
        })
      },
      handOver: async () => {},
      close: async () => {},
      log: recordedLog,
    }
    const flags = { dir: join(root, 'good'), ...options.flags }
    const load = async () => ({
      startPostern: async (settings: Settings, surroundings: Surroundings) => {
        readable = surroundings.readable
        if (options.fails !== undefined) throw options.fails
        given = settings
        // Signals are listened for in the turn after this one.
        setImmediate(running)
        return postern
      },
    })
    const code = start({ flags, env: fake.io.env, file: null }, { io: fake.io, version: '1.2.3', load })
    return {
      ...fake,
      code,
      calls,
      isRunning,
      hasReloaded,
      settings: () => given,
      readableLog: () => readable,
      drained: () => drained(),
    }
  }

  test('hands the settings over and serves until SIGTERM has drained it', async () => {
    const { code, calls, isRunning, signal, settings, drained } = starting({ flags: { drainSeconds: '7', port: '0' } })
    await isRunning
    expect(settings()).toMatchObject({ dir: join(root, 'good'), port: 0, drainSeconds: 7 })
    signal('SIGTERM')
    expect(calls).toEqual(['drain 7'])
    drained()
    expect(await code).toBe(0)
  })

  test('does not spread the end over time when someone presses Ctrl-C', async () => {
    const { code, calls, isRunning, signal, drained } = starting()
    await isRunning
    signal('SIGINT')
    expect(calls).toEqual(['drain 0'])
    drained()
    expect(await code).toBe(0)
  })

  test('a second signal ends it at once with 1', async () => {
    const { isRunning, signal, exits, calls } = starting()
    await isRunning
    signal('SIGTERM')
    expect(exits).toEqual([])
    signal('SIGINT')
    expect(exits).toEqual([1])
    expect(calls).toEqual(['drain 30'])
  })

  test('SIGHUP reloads, with the tokens as they are now', async () => {
    const { io, isRunning, hasReloaded, signal, calls } = starting()
    await isRunning
    io.env.POSTERN_CONNECTIONS_TOKENS = 'fresh'
    signal('SIGHUP')
    await hasReloaded
    expect(calls).toEqual(['reload fresh'])
  })

  test('SIGHUP hands over what is wrong with the settings by now, for the log to say', async () => {
    const { io, isRunning, hasReloaded, signal, calls, err } = starting()
    await isRunning
    io.env.POSTERN_PORT = 'x'
    signal('SIGHUP')
    await hasReloaded
    expect(calls).toEqual(['reload found "x"; allowed: a whole number from 0 to 65535'])
    expect(err()).toBe('')
  })

  test('SIGUSR2 is answered in the log', async () => {
    const { isRunning, signal, err } = starting()
    await isRunning
    signal('SIGUSR2')
    expect(logged.at(-1)).toContain('SIGUSR2 replaces workers, and needs --workers')
    expect(err()).toBe('')
  })

  test.each([
    [true, undefined, { colours: true }],
    [true, 'json', null],
    [false, undefined, null],
    [false, 'text', { colours: false }],
  ])('at a terminal (%j) the log with logFormat %j is for people (%j)', async (isTTY, logFormat, readable) => {
    const { isRunning, readableLog } = starting({ isTTY, ...(logFormat && { flags: { logFormat } }) })
    await isRunning
    expect(readableLog()).toEqual(readable)
  })

  test('settings with faults are reported all at once and nothing is loaded', async () => {
    const { code, err, settings } = starting({ flags: { port: 'x', logLevel: 'loud' } })
    expect(await code).toBe(1)
    expect(err()).toBe(
      '--log-level: found "loud"; allowed: debug, info, warn, error, silent\n' +
        '--port: found "x"; allowed: a whole number from 0 to 65535\n2 faults in 2 places\n',
    )
    expect(settings()).toBeNull()
  })

  test('a gateway that cannot start says why in one sentence', async () => {
    const { code, err } = starting({ fails: new Error('port 8080 on 127.0.0.1 is taken') })
    expect(await code).toBe(1)
    expect(err()).toBe('postern: port 8080 on 127.0.0.1 is taken\n')
  })

  test('a gateway without a sound definition shows what is wrong with them', async () => {
    const fault = {
      file: 'a.yaml',
      line: 1,
      column: 2,
      path: 'x',
      found: null,
      allowed: null,
      suggestion: null,
      message: 'no',
    }
    const { code, err } = starting({ fails: Object.assign(new Error('nothing to serve'), { faults: [fault] }) })
    expect(await code).toBe(1)
    expect(err()).toBe('a.yaml:1:2: x: no\n1 fault\npostern: nothing to serve\n')
  })
})
