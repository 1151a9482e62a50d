import { writeFile } from 'node:fs/promises'
import { Command, InvalidArgumentError } from 'commander'
import { reportFaults } from 'postern-documents/fault-report'
import { wantsColours } from 'postern-documents/output'
import type { LoadResult } from '../contract.ts'
import type { LoadRun } from '../run/run-load.ts'
import { type Override, parseOverride } from '../scenario/override.ts'
import type { Scenario } from '../scenario/read-scenario.ts'
import { compareCommand } from './compare-command.ts'
import { createLoadProgress, type LoadProgress } from './load-progress.ts'
import { outputProblem } from './output-files.ts'
import { type ToolContext, type ToolIo, writeError } from './tool-io.ts'

const epilogue = (name: string) => `
Plays a scenario against a gateway, or any WebSocket server: opens connections, sends messages, posts to
@connections, asks over HTTP, and says how long all of it took, what was lost, and whether the thresholds hold.
Ctrl-C ends the phases, drains and still reports; a second one ends at once. Targets and the files to be written are
tried first, so that a run does not end in vain.

Exit codes: 0 done and all thresholds hold, 1 a threshold does not, 2 wrong usage or a faulty scenario,
3 the test could not run.

Examples:
  ${name} load/chat-room.yaml
  ${name} load/chat-room.yaml --workers 4 --json result.json --html report.html
  ${name} load/soak.yaml --set phases.1.duration=8h
  ${name} load/chat-room.yaml --target wss://chat.example.com/chat/prod --i-own-this-target
`

const exitCodes = { passed: 0, failed: 1, usage: 2, notRun: 3, interrupted: 130 } as const

interface Given {
  target: string[]
  set: Override[]
  workers?: number
  json?: string
  html?: string
  iOwnThisTarget?: boolean
}

/** The tool's whole command line: it plays a scenario, and `compare` stands below it. */
export function loadCommand(context: ToolContext): Command {
  return (
    new Command(context.name)
      .description('Load a gateway with a scenario and measure what it does.')
      .argument('<scenario>', 'a scenario file, such as load/chat-room.yaml')
      .option('--target <url>', "in place of the scenario's targets; may be given several times", readUrl, [])
      .option('--set <path=value>', 'another value in the scenario; may be given several times', readOverride, [])
      .option('--workers <number>', "client processes, in place of the scenario's own", readWorkers)
      .option('--json <file>', 'write the result as JSON; - for standard output')
      .option('--html <file>', 'write a report with charts as one HTML file')
      .option('--i-own-this-target', 'allow a target that is not this machine')
      // Else --json behind compare would be taken for this one's.
      .enablePositionalOptions()
      .addCommand(compareCommand(context))
      .addHelpText('after', epilogue(context.name))
      .action(async (file: string, given: Given) => context.end(await load(file, given, context)))
  )
}

/** Resolves with the exit code. */
async function load(file: string, given: Given, context: ToolContext): Promise<number> {
  const { io } = context
  const { readScenario } = await import('../scenario/read-scenario.ts')
  const { scenario, faults } = await readScenario(file, { env: io.env, targets: given.target, overrides: given.set })
  if (scenario === null) {
    reportFaults(faults, io.stderr, io.env)
    return exitCodes.usage
  }
  const files = [given.json, given.html].filter((path) => path !== undefined && path !== '-') as string[]
  const problem = await outputProblem(files)
  if (problem !== null) {
    writeError(problem, context)
    return exitCodes.notRun
  }
  const { LoadCannotRun } = await import('../run/run-load.ts')
  try {
    const result = await play(scenario, given, context)
    return await report(result, given, context)
  } catch (error) {
    if (!(error instanceof LoadCannotRun)) throw error
    writeError(error.message, context)
    return exitCodes.notRun
  }
}

async function play(
  scenario: Scenario,
  given: Given,
  { io, version }: Pick<ToolContext, 'io' | 'version'>,
): Promise<LoadResult> {
  const { startLoad } = await import('../run/run-load.ts')
  const progress = createLoadProgress(io.stderr, scenario.timeline)
  const run = startLoad(scenario, {
    workers: given.workers ?? null,
    ownsTarget: given.iOwnThisTarget === true,
    triesTargets: true,
    version,
    onSecond: (second) => progress.second(second),
  })
  stopOnSignals(run, progress, io)
  const result = await run.result
  progress.end()
  return result
}

function stopOnSignals(run: LoadRun, progress: LoadProgress, io: ToolIo): void {
  let isStopping = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    io.onSignal(signal, () => {
      if (isStopping) {
        run.kill()
        return io.exit(exitCodes.interrupted)
      }
      isStopping = true
      progress.say('draining; once more to end at once')
      run.stop()
    })
  }
}

async function report(result: LoadResult, { json, html }: Given, context: ToolContext): Promise<number> {
  const { io } = context
  const { summaryText } = await import('../report/summary-text.ts')
  // With the result itself on standard output, what people read goes beside it.
  const output = json === '-' ? io.stderr : io.stdout
  output.write(summaryText(result, { color: wantsColours(output, io.env) }))
  if (json !== undefined && !(await writeJson(result, json, context))) return exitCodes.notRun
  if (html !== undefined && !(await writeHtml(result, html, context))) return exitCodes.notRun
  const { attempted, opened } = result.totals.connections
  if (attempted > 0 && opened === 0) {
    writeError(`no connection could be opened: ${result.errorSamples[0]?.message ?? 'no reason known'}`, context)
    return exitCodes.notRun
  }
  return result.passed ? exitCodes.passed : exitCodes.failed
}

async function writeJson(result: LoadResult, file: string, context: ToolContext): Promise<boolean> {
  const text = `${JSON.stringify(result)}\n`
  if (file === '-') {
    context.io.stdout.write(text)
    return true
  }
  return write(file, text, context)
}

async function writeHtml(result: LoadResult, file: string, context: ToolContext): Promise<boolean> {
  const { htmlReport } = await import('../report/html-report.ts')
  return write(file, htmlReport(result), context)
}

async function write(file: string, text: string, context: ToolContext): Promise<boolean> {
  try {
    await writeFile(file, text)
    return true
  } catch (error) {
    writeError(`${file} cannot be written: ${(error as Error).message}`, context)
    return false
  }
}

function readUrl(text: string, urls: readonly string[]): string[] {
  if (/^wss?:\/\/./.test(text)) return [...urls, text]
  throw new InvalidArgumentError('It is a URL with ws:// or wss://, such as ws://127.0.0.1:8080/chat/dev.')
}

function readOverride(text: string, overrides: readonly Override[]): Override[] {
  const override = parseOverride(text)
  if (override !== null) return [...overrides, override]
  throw new InvalidArgumentError(
    'It is a path and a value, such as phases.0.connections=500 (lists count from 0) or pushes.rate=1000.',
  )
}

function readWorkers(text: string): number {
  const workers = /^\d{1,2}$/.test(text) ? Number(text) : 0
  if (workers < 1 || workers > 64) throw new InvalidArgumentError('It is a number from 1 to 64.')
  return workers
}
