import { open } from 'node:fs/promises'
import { Command } from 'commander'
import { wantsColours } from 'postern-documents/output'
import type { LoadResult } from '../contract.ts'
import type { Comparison, Runs } from '../report/compare-results.ts'
import { type ToolContext, writeError } from './tool-io.ts'

const epilogue = (name: string) => `
Compares results that '${name} --json' has written, and says of every figure whether it changed by more than
noise. With --baseline the other files are all candidates, so that several runs of each side can be given: they say
how far equal runs differ.

Noise stands beside the change, for the same direction: a change is one when it is larger. It is the largest of what
equal runs show by chance (from how much blocks of five seconds and more differ within a run), 5 % (memory: 20 %),
and how far the runs of one side lie apart.

Exit codes: 0 compared, 1 with --fail-on-regression: a figure is worse, 2 wrong usage or a file that can't be read.

Examples:
  ${name} compare before.json after.json
  ${name} compare before.json after.json --fail-on-regression
  ${name} compare --baseline b1.json --baseline b2.json after1.json after2.json
`

const exitCodes = { compared: 0, worse: 1, usage: 2 } as const

interface Given {
  readonly baseline: readonly string[]
  readonly failOnRegression?: boolean
  readonly json?: boolean
}

/** The command `compare`, a part of the tool's command line. */
export function compareCommand(context: ToolContext): Command {
  const { io, name, end } = context
  const command = new Command('compare')
    .description('Say what changed from one load test to another, and whether it is more than noise.')
    .argument('<files...>', 'the result before and the one after')
    .option('--baseline <file>', 'a result before; may be repeated, and makes every other file one after', collect, [])
    .option('--fail-on-regression', 'end with 1 when a figure is worse')
    .option('--json', 'write the comparison as JSON')
  return command.addHelpText('after', epilogue(name)).action(async (files: string[], given: Given) => {
    const sides = sidesOf(files, given.baseline)
    if (sides === null) {
      return command.error('error: give two results, one before and one after, or those before with --baseline', {
        exitCode: 2,
      })
    }
    const { UnreadableResult } = await import('../report/read-result.ts')
    try {
      const comparison = await compare(sides)
      io.stdout.write(await textOf(comparison, given, { io }))
      end(given.failOnRegression === true && comparison.worse > 0 ? exitCodes.worse : exitCodes.compared)
    } catch (error) {
      if (!(error instanceof UnreadableResult)) throw error
      writeError(error.message, context)
      end(exitCodes.usage)
    }
  })
}

async function compare({ baseline, candidate }: Sides): Promise<Comparison> {
  const { compareResults } = await import('../report/compare-results.ts')
  return compareResults(await readAll(baseline), await readAll(candidate))
}

async function textOf(comparison: Comparison, { json }: Given, { io }: Pick<ToolContext, 'io'>): Promise<string> {
  if (json === true) return `${JSON.stringify(comparison, null, 2)}\n`
  const { compareText } = await import('../report/compare-text.ts')
  return compareText(comparison, { color: wantsColours(io.stdout, io.env) })
}

function collect(file: string, files: readonly string[]): readonly string[] {
  return [...files, file]
}

/** A list of at least one. */
type Files = readonly [string, ...string[]]

interface Sides {
  readonly baseline: Files
  readonly candidate: Files
}

function sidesOf(files: readonly string[], baseline: readonly string[]): Sides | null {
  const [first, second, ...others] = files
  if (first === undefined) return null
  if (isFilled(baseline)) return { baseline, candidate: [first, ...files.slice(1)] }
  return second === undefined || others.length > 0 ? null : { baseline: [first], candidate: [second] }
}

function isFilled(files: readonly string[]): files is Files {
  return files.length > 0
}

async function readAll([first, ...others]: Files): Promise<Runs> {
  const runs: [LoadResult, ...LoadResult[]] = [await readFileAsResult(first)]
  for (const file of others) runs.push(await readFileAsResult(file))
  return runs
}

/** The size is asked of the open file: nothing that is too large, or has no end, is read. */
async function readFileAsResult(file: string): Promise<LoadResult> {
  const { maxResultBytes, readResult, tooLarge, UnreadableResult } = await import('../report/read-result.ts')
  const handle = await open(file).catch((error: unknown) => {
    throw new UnreadableResult(`${file}: it can't be read: ${error instanceof Error ? error.message : String(error)}`)
  })
  try {
    const status = await handle.stat()
    if (!status.isFile()) throw new UnreadableResult(`${file}: it is no file`)
    if (status.size > maxResultBytes) throw new UnreadableResult(`${file}: ${tooLarge}`)
    return readResult(await handle.readFile('utf8'), file)
  } finally {
    await handle.close()
  }
}
