import { type ChildProcess, spawn } from 'node:child_process'

/**
 * The last list of process groups that came is killed when standard input ends, and it ends with the gateway, in
 * whatever way that goes; then whatever has a mark of this gateway's in its environment, in a few looks, since it may
 * be starting something just then. An empty list ends the guard and kills nothing. A shell, because it is everywhere
 * but on Windows and weighs a megabyte.
 */
const script = `while read -r line; do groups=$line; done
[ -z "$groups" ] && exit
for group in $groups; do kill -9 "-$group"; done
for look in 1 2 3 4 5 6 7 8 9 10; do
  found=$(grep -lsF "$1" /proc/[0-9]*/environ)
  [ -z "$found" ] && exit
  for each in $found; do each=\${each#/proc/}; kill -9 "\${each%%/*}"; done
done`

/** A shell that ends sooner than this is not started again: it can't be had here. */
const leastLifeInMillis = 100

/** Kills what the gateway started, should the gateway itself be killed. */
export interface OrphanGuard {
  add(pid: number): void
  remove(pid: number): void
  /** Gives up the shell; kills nothing. */
  close(): void
}

/**
 * The process of a function ends when it sees that the gateway is gone, which a handler in an endless loop never
 * sees: it would burn a core for ever. Started with the first process, and again when it is killed; without a shell it
 * does nothing. `mark` stands in the environment of all that a function of this gateway starts.
 */
export function createOrphanGuard(mark: string): OrphanGuard {
  const groups = new Set<number>()
  let shell: ChildProcess | null = null

  function tell(): void {
    shell ??= start()
    shell.stdin?.write(`${[...groups].join(' ')}\n`)
  }

  function start(): ChildProcess {
    const startedAt = performance.now()
    const started = startShell(mark)
    started.on('exit', () => {
      if (shell !== started || performance.now() - startedAt < leastLifeInMillis) return
      shell = null
      if (groups.size > 0) tell()
    })
    return started
  }

  return {
    add(pid) {
      groups.add(pid)
      tell()
    },
    remove(pid) {
      if (groups.delete(pid)) tell()
    },
    close() {
      const ending = shell
      shell = null
      ending?.stdin?.end('\n')
      groups.clear()
    },
  }
}

function startShell(mark: string): ChildProcess {
  const shell = spawn('/bin/sh', ['-c', script, 'sh', mark], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: '/usr/bin:/bin' },
    detached: true,
  })
  shell.on('error', () => {})
  shell.stdin.on('error', () => {})
  shell.unref()
  // The types don't say that the stream of a pipe is a socket.
  if ('unref' in shell.stdin && typeof shell.stdin.unref === 'function') shell.stdin.unref()
  return shell
}
