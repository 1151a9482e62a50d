import { type ChildProcess, spawn } from 'node:child_process'

/**
 * The last list of process ids that came is killed some time after standard input has ended, which it does with the
 * parent, in whatever way that goes. An id that another program has got meanwhile is let be. A shell, because it is
 * everywhere and weighs a megabyte.
 */
const script = `while read -r line; do pids=$line; done
[ -z "$pids" ] && exit
sleep "$1"
for pid in $pids; do
  case $(tr '\\0' ' ' <"/proc/$pid/cmdline") in *"$2"*) kill -9 "$pid" ;; esac
done`

/** A shell that ends sooner than this is not started again: it can't be had here. */
const leastLifeInMillis = 100

/** Kills workers that outlive their parent. */
export interface WorkerOrphanGuard {
  add(pid: number): void
  remove(pid: number): void
  /** Gives up the shell; kills nothing. */
  close(): void
}

export interface WorkerOrphanGuardOptions {
  /** The time after its parent's end for which a worker may go on to drain. */
  readonly afterSeconds: number
  /** A word in the command line of every worker, by which it is told from other programs. */
  readonly mark: string
}

/**
 * Starts a guard over the workers, and another one whenever it is killed. A worker that notices the end of its parent drains and goes. This is for one that is
 * frozen or caught in an endless loop: it would hold the port, and what it is sent there, for ever. Without a shell,
 * and where there is no /proc, it does nothing.
 */
export function createWorkerOrphanGuard({ afterSeconds, mark }: WorkerOrphanGuardOptions): WorkerOrphanGuard {
  const pids = new Set<number>()
  let closed = false
  let shell = start()

  function start(): ChildProcess {
    const startedAt = performance.now()
    const started = startShell(['-c', script, 'sh', String(afterSeconds), mark])
    started.on('exit', () => {
      if (closed || performance.now() - startedAt < leastLifeInMillis) return
      shell = start()
      tell()
    })
    return started
  }

  function tell(): void {
    shell.stdin?.write(`${[...pids].join(' ')}\n`)
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
      closed = true
      pids.clear()
      tell()
      shell.stdin?.end()
    },
  }
}

/** Starts a shell in a process group of its own: a terminal's Ctrl-C is for the parent. */
function startShell(args: readonly string[]): ChildProcess {
  const shell = spawn('/bin/sh', args, {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: '/usr/bin:/bin' },
    detached: true,
  })
  shell.on('error', () => {})
  shell.stdin?.on('error', () => {})
  shell.unref()
  // The types don't say that the stream of a pipe is a socket.
  if (shell.stdin && 'unref' in shell.stdin && typeof shell.stdin.unref === 'function') shell.stdin.unref()
  return shell
}
