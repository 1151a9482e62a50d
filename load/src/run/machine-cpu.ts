import { cpus } from 'node:os'

/** A share of all cores of this machine that were busy since the last call. */
export function createMachineCpu(): () => number {
  let before = times()
  return () => {
    const now = times()
    const all = now.all - before.all
    const busy = all <= 0 ? 0 : (now.busy - before.busy) / all
    before = now
    return Math.min(1, Math.max(0, busy))
  }
}

function times(): { busy: number; all: number } {
  let busy = 0
  let all = 0
  for (const { times } of cpus()) {
    busy += times.user + times.nice + times.sys + times.irq
    all += times.user + times.nice + times.sys + times.irq + times.idle
  }
  return { busy, all }
}
