import { type ChildProcess, spawn } from 'node:child_process'

/**
 * The last list of process groups that came is killed when standard input ends, and it ends with the gateway, in
 * whatever way that goes. A shell, because it is everywhere but on Windows and weighs a megabyte.
 */
const script = 'while read -r line; do groups=$line; done; for group in $groups; do kill -9 "-$group"; done'

/** Kills what the gateway started, should the gateway itself be killed. */
export interface OrphanGuard {
  add(pid: number): void
  remove(pid: number): void
  /** Gives up the shell; kills nothing. */
  close(): void
}

/**
 * The process of a function ends when it sees that the gateway is gone, which a handler in an endless loop never
 * sees: it would burn a core for ever. Started with the first process; without a shell it does nothing.
 */
export function createOrphanGuard(): OrphanGuard {
  const groups = new Set<number>()
  let shell: ChildProcess | null = null

  function tell(): void {
    shell ??= startShell()
    shell.stdin?.write(`${[...groups].join(' ')}\n`)
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
      shell?.stdin?.end('\n')
      shell = null
      groups.clear()
    },
  }
}

function startShell(): ChildProcess {
  const shell = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'], env: {}, detached: true })
  shell.on('error', () => {})
  shell.stdin.on('error', () => {})
  shell.unref()
  // The types don't say that the stream of a pipe is a socket.
  if ('unref' in shell.stdin && typeof shell.stdin.unref === 'function') shell.stdin.unref()
  return shell
}
