import { open } from 'node:fs/promises'
import { Command } from 'commander'
import type { LoadResult } from '../load/contract.ts'
import { compareResults, type Runs } from '../load/report/compare-results.ts'
import { compareText } from '../load/report/compare-text.ts'
import { maxResultBytes, readResult, tooLarge, UnreadableResult } from '../load/report/read-result.ts'
import type { CommandContext } from './command.ts'
import { wantsColours } from './fault-report.ts'

const epilogue = `
Compares results that 'postern load --json' has written, and says of every figure whether it changed by more than
noise. With --baseline the other files are all candidates, so that several runs of each side can be given: they say
how far equal runs differ.

Exit codes: 0 compared, 1 a file can't be read, or with --fail-on-regression a figure is worse, 2 wrong usage.

Examples:
  postern load compare before.json after.json
  postern load compare before.json after.json --fail-on-regression
  postern load compare --baseline b1.json --baseline b2.json after1.json after2.json
`

interface Given {
  readonly baseline: readonly string[]
  readonly failOnRegression?: boolean
  readonly json?: boolean
}

/** `postern load compare`: a part of `postern load`. */
export function loadCompareCommand({ io, end }: CommandContext): Command {
  const command = new Command('compare')
    .description('Say what changed from one load test to another, and whether it is more than noise.')
    .argument('<files...>', 'the result before and the one after')
    .option('--baseline <file>', 'a result before; may be repeated, and makes every other file one after', collect, [])
    .option('--fail-on-regression', 'end with 1 when a figure is worse')
    .option('--json', 'write the comparison as JSON')
  return command.addHelpText('after', epilogue).action(async (files: string[], given: Given) => {
    const sides = sidesOf(files, given.baseline)
    if (sides === null) {
      return command.error('error: give two results, one before and one after, or those before with --baseline', {
        exitCode: 2,
      })
    }
    try {
      const [baseline, candidate] = [await readAll(sides.baseline), await readAll(sides.candidate)]
      const comparison = compareResults(baseline, candidate)
      const text = given.json
        ? `${JSON.stringify(comparison, null, 2)}\n`
        : compareText(comparison, { color: wantsColours(io.stdout, io.env) })
      io.stdout.write(text)
      end(given.failOnRegression === true && comparison.worse > 0 ? 1 : 0)
    } catch (error) {
      if (!(error instanceof UnreadableResult)) throw error
      io.stderr.write(error.message.replaceAll(/^/gm, 'postern: ').concat('\n'))
      end(1)
    }
  })
}

function collect(file: string, files: readonly string[]): readonly string[] {
  return [...files, file]
}

/** A list of at least one. */
type Files = readonly [string, ...string[]]

function sidesOf(files: readonly string[], baseline: readonly string[]): { baseline: Files; candidate: Files } | null {
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
