import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { readProblem } from 'postern-documents/yaml-source'
import type { CommandContext } from './command.ts'
import { firstApi, firstHandlers } from './first-api.ts'
import type { Io } from './io.ts'

const epilogue = `
Writes <dir>/hello/api.yaml, the handlers.mjs beside it, and the JSON Schema that an editor completes and checks api.yaml
with. A file that is there is never overwritten.

Exit codes: 0 done, 1 a file is there already or can't be written, 2 wrong usage.

Examples:
  postern init             write a first API under routes/
  postern init apis        write it under apis/
`

/** The command that writes a first API, to be changed from there. */
export function initCommand({ io, end }: CommandContext): Command {
  return new Command('init')
    .description('Write a first API to start from.')
    .argument('[dir]', 'the folder of the API definitions, a folder each', 'routes')
    .addHelpText('after', epilogue)
    .action(async (dir: string) => end(await init(dir, io)))
}

const schema = fileURLToPath(new URL('../../schema/api.schema.json', import.meta.url))

/** Writes the files of a first API and says what to run next; resolves with the exit code. */
async function init(dir: string, io: Io): Promise<number> {
  const api = join(dir, 'hello')
  const files = [
    [join(api, 'api.yaml'), (path: string) => writeFile(path, firstApi, { flag: 'wx' })],
    [join(api, 'handlers.mjs'), (path: string) => writeFile(path, firstHandlers, { flag: 'wx' })],
    // Of the version that is installed: one that is there may be of another API's author, and newer.
    [join(dir, 'api.schema.json'), (path: string) => copyFile(schema, path, 1).catch(unlessThere)],
  ] as const
  for (const [path, write] of files) {
    try {
      await mkdir(join(path, '..'), { recursive: true })
      await write(path)
      io.stdout.write(`wrote ${relative('.', path)}\n`)
    } catch (error) {
      const problem = isThere(error)
        ? "is there already; 'postern init <dir>' writes to another folder"
        : readProblem(error)
      io.stderr.write(`postern: ${path}: ${problem}\n`)
      return 1
    }
  }
  const folder = dir === 'routes' ? '' : ` ${dir}`
  io.stdout.write(`\nNext, and in a second terminal:\n  postern start${folder} --watch\n`)
  io.stdout.write('  postern connect ws://127.0.0.1:8080/hello/dev\n')
  return 0
}

function isThere(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EEXIST'
}

function unlessThere(error: unknown): void {
  if (!isThere(error)) throw error
}
