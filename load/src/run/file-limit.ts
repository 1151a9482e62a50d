import { readFileSync } from 'node:fs'

/** Files that a process opens beside its sockets: its own, pipes, the channel to its parent. */
const besides = 100

/** The number of files that a process may open; null where nothing says so. Processes that are forked inherit it. */
export function openFileLimit(): number | null {
  try {
    const limit = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return limit === undefined || limit === 'unlimited' ? null : Number(limit)
  } catch {
    return null
  }
}

/** Says why one process can't hold so many sockets, with the remedy; null when it can. */
export function fileLimitProblem(sockets: number, workers: number, limit: number | null): string | null {
  const needed = sockets + besides
  if (limit === null || needed <= limit) return null
  const enough = Math.ceil((sockets * workers) / Math.max(1, limit - besides))
  return (
    `each of ${workers} worker processes needs ${needed} open files and may have ${limit}. ` +
    `Raise the limit with 'ulimit -n ${needed}' in the shell that starts it, or use more workers: --workers ${enough}`
  )
}
