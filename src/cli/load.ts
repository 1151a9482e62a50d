import { Command } from 'commander'
import type { Io } from './io.ts'

/** The load tool's command line, as its package `postern-load` exports it. */
export type LoadTool = Pick<typeof import('postern-load/cli/run'), 'run'>

const howToGetIt = `postern: the load tool is a package of its own, and it is not installed here. To get it: npm install postern-load
`

/** The code for wrong usage, as for a command that is not there. */
const usageCode = 2

/** The row of `postern load` in the help: what stands behind the command is read by the tool. */
export function loadCommand(): Command {
  return new Command('load')
    .description('Load a gateway with a scenario and measure what it does.')
    .argument('<scenario>')
    .option('--help')
}

/** Returns the part of a command line that the load tool is to read; null when it asks for something else. */
export function loadArguments([first, second, ...others]: readonly string[]): readonly string[] | null {
  if (first === 'load') return second === undefined ? [] : [second, ...others]
  return first === 'help' && second === 'load' ? ['--help'] : null
}

/** Hands arguments over to the load tool; resolves with the exit code. Where the tool is not installed it says how to get it. */
export async function runLoadTool(
  argv: readonly string[],
  io: Io,
  load: () => Promise<LoadTool> = () => import('postern-load/cli/run'),
): Promise<number> {
  let tool: LoadTool
  try {
    tool = await load()
  } catch (error) {
    if (!isNotInstalled(error)) throw error
    io.stderr.write(howToGetIt)
    return usageCode
  }
  return await tool.run(argv, { io, name: 'postern load' })
}

/** Whether the package itself was not found; of a package that was, a missing file is a fault. */
function isNotInstalled(error: unknown): boolean {
  const { code, message } = error as NodeJS.ErrnoException
  return code === 'ERR_MODULE_NOT_FOUND' && message.includes("package 'postern-load'")
}
