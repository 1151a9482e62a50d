import { createInterface } from 'node:readline'
import { PassThrough } from 'node:stream'
import type { Io } from '../../src/cli/io.ts'
import { run } from '../../src/cli/run.ts'

/** Runs a command line to its end, with nothing of this process's own environment. */
export async function ranIn(
  argv: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number; out: string; err: string }> {
  let out = ''
  let err = ''
  const io: Io = {
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    interactive: false,
    readLines: () => createInterface({ input: new PassThrough() }),
    env,
    onSignal() {},
    exit() {},
  }
  const code = await run(argv, io)
  return { code, out, err }
}
