import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { endWithUs } from '../../fleet/end-with-us.ts'
import { isRunning, processTree } from './process-tree.ts'

/** A server that is not ours, in the foreground, with all that it started. */
export interface Program {
  /** Every process of it. */
  readonly pids: readonly number[]
  /** Ends all of them, and resolves when they are gone and the folder is removed. Safe to call twice. */
  stop(): Promise<void>
}

export interface ProgramOptions {
  readonly command: string
  readonly args: readonly string[]
  /** A folder of its own, which goes with it. */
  readonly folder: string
  /** Whether it serves already; a rejection means no. */
  readonly isReady: () => Promise<boolean>
  /** The time that the program may take to end by itself; 5 seconds when left out. */
  readonly graceMillis?: number
}

const startMillis = 15_000

/** A new folder for a program's configuration, sockets and temporary files. */
export function programFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'postern-peer-'))
}

/** Starts a program and resolves once it serves; rejects with what it wrote when it ends before or takes too long. */
export async function startProgram(options: ProgramOptions): Promise<Program> {
  const { command, args, folder, isReady, graceMillis = 5_000 } = options
  const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  const written = collectOutput(child)
  // Not SIGKILL: it has to end its own children.
  endWithUs(child, 'SIGTERM')
  let hasEnded = false
  const ended = new Promise<void>((resolve) => {
    child.once('error', resolve)
    child.once('exit', () => resolve())
  }).then(() => {
    hasEnded = true
  })
  const stop = async () => {
    if (child.pid !== undefined && !hasEnded) await endTree(child.pid, graceMillis)
    await rm(folder, { recursive: true, force: true })
  }
  const deadline = Date.now() + startMillis
  while (!(await isReady().catch(() => false))) {
    if (hasEnded || Date.now() > deadline) {
      await stop()
      throw new Error(`${command} ${hasEnded ? 'ended' : 'was not ready in time'}:\n${written()}`)
    }
    await Promise.race([wait(20), ended])
  }
  return { pids: processTree(child.pid as number), stop }
}

/** SIGTERM for the first process, which ends its children; SIGKILL for what is still there a while later. */
async function endTree(root: number, graceMillis: number): Promise<void> {
  const tree = processTree(root)
  signal(root, 'SIGTERM')
  const deadline = Date.now() + graceMillis
  while (tree.some(isRunning)) {
    if (Date.now() > deadline) for (const pid of tree.filter(isRunning)) signal(pid, 'SIGKILL')
    await wait(10)
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It ended a moment ago.
  }
}

function collectOutput(child: ChildProcess): () => string {
  let written = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (data) => {
      written = (written + String(data)).slice(-10_000)
    })
  }
  return () => written
}
