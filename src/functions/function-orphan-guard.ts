import { createOrphanGuard, type OrphanGuard } from '../orphans/orphan-guard.ts'

/**
 * The last list of process groups that came is killed when standard input ends; then whatever has a mark of this
 * gateway's in its environment, in a few looks, since it may be starting something just then.
 */
const script = `groups=$FIRST
while read -r line; do groups=$line; done
[ -z "$groups" ] && exit
for group in $groups; do kill -9 "-$group"; done
for look in 1 2 3 4 5 6 7 8 9 10; do
  found=$(grep -lsF "$1" /proc/[0-9]*/environ)
  [ -z "$found" ] && exit
  for each in $found; do each=\${each#/proc/}; kill -9 "\${each%%/*}"; done
done`

/**
 * Creates the guard over the processes of functions, each of which leads a group. Such a process ends when it sees that
 * the gateway is gone, which a handler in an endless loop never sees: it would burn a core for ever. `mark` stands in
 * the environment of all that a function of this gateway starts.
 */
export function createFunctionOrphanGuard(mark: string): OrphanGuard {
  return createOrphanGuard({ script, args: [mark] })
}
