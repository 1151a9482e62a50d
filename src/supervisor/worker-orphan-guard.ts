import { createOrphanGuard, type OrphanGuard } from '../orphans/orphan-guard.ts'

/**
 * The last list of process ids that came is killed some time after standard input has ended. An id that another program
 * has got meanwhile is let be.
 */
const script = `pids=$FIRST
while read -r line; do pids=$line; done
[ -z "$pids" ] && exit
sleep "$1"
for pid in $pids; do
  case $(tr '\\0' ' ' <"/proc/$pid/cmdline") in *"$2"*) kill -9 "$pid" ;; esac
done`

export interface WorkerOrphanGuardOptions {
  /** The time after its parent's end for which a worker may go on to drain. */
  readonly afterSeconds: number
  /** A word in the command line of every worker, by which it is told from other programs. */
  readonly mark: string
}

/**
 * Creates the guard over workers that outlive their parent. A worker that notices the end of its parent drains and goes.
 * This is for one that is frozen or caught in an endless loop: it would hold the port, and what it is sent there, for
 * ever. Where there is no /proc, it does nothing.
 */
export function createWorkerOrphanGuard({ afterSeconds, mark }: WorkerOrphanGuardOptions): OrphanGuard {
  return createOrphanGuard({ script, args: [String(afterSeconds), mark] })
}
