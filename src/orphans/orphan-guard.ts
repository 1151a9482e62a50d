import { type ChildProcess, spawn } from 'node:child_process'

/** A shell that ends sooner than this is not started again: it can't be had here. */
const leastLifeInMillis = 100

/** Kills processes that this one has started, should it be killed itself. */
export interface OrphanGuard {
  add(pid: number): void
  remove(pid: number): void
  /** Gives up the shell; kills nothing. */
  close(): void
}

export interface OrphanGuardOptions {
  /**
   * A program for `/bin/sh` that gets the first ids in `$FIRST` and all further ones on standard input, in a line
   * whenever they change: when the input ends, it kills those that came last. An empty line ends it, and kills nothing.
   */
  readonly script: string
  /** The program's arguments, `$1` and what follows. */
  readonly args: readonly string[]
}

/**
 * Creates a guard: a shell, because it is everywhere but on Windows and weighs a megabyte. Its input ends with this
 * process, in whatever way that goes. Started with the first id, and again when it is killed; without a shell it does
 * nothing.
 */
export function createOrphanGuard(options: OrphanGuardOptions): OrphanGuard {
  const pids = new Set<number>()
  let shell: ChildProcess | null = null

  function tell(): void {
    shell ??= start()
    shell.stdin?.write(`${[...pids].join(' ')}\n`)
  }

  function start(): ChildProcess {
    const startedAt = performance.now()
    // This process may be killed before it has written a line.
    const started = startShell(options, [...pids].join(' '))
    started.on('exit', () => {
      if (shell !== started || performance.now() - startedAt < leastLifeInMillis) return
      shell = null
      if (pids.size > 0) tell()
    })
    return started
  }

  return {
    add(pid) {
      pids.add(pid)
      tell()
    },
    remove(pid) {
      if (pids.delete(pid)) tell()
    },
    close() {
      const ending = shell
      shell = null
      ending?.stdin?.end('\n')
      pids.clear()
    },
  }
}

/** Starts a shell in a process group of its own: a terminal's Ctrl-C is for the parent. */
function startShell({ script, args }: OrphanGuardOptions, first: string): ChildProcess {
  const shell = spawn('/bin/sh', ['-c', script, 'sh', ...args], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: '/usr/bin:/bin', FIRST: first },
    detached: true,
  })
  shell.on('error', () => {})
  shell.stdin.on('error', () => {})
  shell.unref()
  // The types don't say that the stream of a pipe is a socket.
  if ('unref' in shell.stdin && typeof shell.stdin.unref === 'function') shell.stdin.unref()
  return shell
}
