import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { platform, kill as signal } from 'node:process'
import { setTimeout as pause } from 'node:timers/promises'

/** The variable by which what a function has started is known, as children inherit their environment. */
export const processMark = 'POSTERN_FUNCTION_PROCESS'

/** More than these are not walked through: a function that starts so many is stopped by its group and its mark. */
const maxDescendants = 10_000
/** The looks for what a process has left: one that starts another while it is being killed needs a further one. */
const maxLooks = 20
const betweenLooksInMillis = 20

/** The processes of functions with all that they have started, in whatever session or group that is. */
export interface ProcessTrees {
  /** The beginning of every mark. */
  readonly prefix: string
  /** Makes the mark of one process: the value of the variable `processMark` in its environment. */
  mark(): string
  /** Kills a process with everything that it has started. What only its mark betrays goes a little later. */
  kill(pid: number, mark: string): void
  /** Notes that a process has ended in any way: what it has left behind is killed. */
  ended(mark: string): void
  /** Kills everything that has a mark, before it returns. Safe to call twice. */
  close(): void
}

/**
 * Creates the trees of one gateway. A process is killed with its group; with its descendants, which `/proc` tells while
 * they have their parents; and with whatever has its mark in the environment it was started with, parents or none.
 * A child with another environment that has lost its parent is not found, nor one of another user; and where there is
 * no `/proc`, on macOS and Windows, there is the group alone.
 */
export function createProcessTrees(): ProcessTrees {
  const prefix = `${randomBytes(9).toString('hex')}-`
  /** The marks of processes whose leavings are looked for, with the number of looks. */
  const pending = new Map<string, number>()
  let marks = 0
  let sweeping = false
  let closed = false

  async function sweep(): Promise<void> {
    if (sweeping || platform !== 'linux') return
    sweeping = true
    while (pending.size > 0 && !closed) {
      const looked = new Map(pending)
      pending.clear()
      const found = new Set(await killMarked(looked))
      for (const mark of found) {
        const looks = (looked.get(mark) ?? 0) + 1
        if (looks < maxLooks) pending.set(mark, Math.max(looks, pending.get(mark) ?? 0))
      }
      if (pending.size > 0) await pause(betweenLooksInMillis, null, { ref: false })
    }
    sweeping = false
  }

  function ended(mark: string): void {
    if (closed || pending.has(mark)) return
    pending.set(mark, 0)
    void sweep()
  }

  return {
    prefix,
    mark: () => `${prefix}${++marks}`,
    kill(pid, mark) {
      const descendants = platform === 'linux' ? descendantsOf(pid) : []
      if (!killGroup(pid)) killOne(pid)
      for (const each of descendants) killOne(each)
      ended(mark)
    },
    ended,
    close() {
      if (closed) return
      closed = true
      if (marks === 0 || platform !== 'linux') return
      for (let looks = 0; looks < maxLooks; looks++) {
        const found = processIds(readdirSync('/proc')).filter((pid) => markIn(readEnvironment(pid))?.startsWith(prefix))
        if (found.length === 0) return
        for (const pid of found) killOne(pid)
      }
    },
  }
}

/** Kills the processes that have one of the marks; gives the marks of those that it found. */
async function killMarked(marks: ReadonlyMap<string, number>): Promise<string[]> {
  const found: string[] = []
  for (const pid of processIds(await readdir('/proc').catch(() => []))) {
    // Ended meanwhile, or another user's.
    const mark = markIn(await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => ''))
    if (mark === null || !marks.has(mark)) continue
    found.push(mark)
    killOne(pid)
  }
  return found
}

function processIds(entries: readonly string[]): number[] {
  return entries.map(Number).filter((pid) => pid > 0)
}

function readEnvironment(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1')
  } catch {
    return ''
  }
}

function markIn(environment: string): string | null {
  const name = `\0${processMark}=`
  const all = `\0${environment}`
  const at = all.indexOf(name)
  if (at < 0) return null
  const end = all.indexOf('\0', at + 1)
  return all.slice(at + name.length, end < 0 ? undefined : end)
}

/** The processes that come from one, as far as each still has its parent. */
function descendantsOf(pid: number): number[] {
  const found: number[] = []
  const left = [pid]
  for (let each = left.pop(); each !== undefined && found.length < maxDescendants; each = left.pop()) {
    const children = childrenOf(each)
    found.push(...children)
    left.push(...children)
  }
  return found
}

function childrenOf(pid: number): number[] {
  try {
    const threads = readdirSync(`/proc/${pid}/task`)
    return threads.flatMap((thread) =>
      processIds(readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').split(' ')),
    )
  } catch {
    // It has ended meanwhile, or this kernel does not tell.
    return []
  }
}

function killGroup(pid: number): boolean {
  return platform !== 'win32' && killOne(-pid)
}

function killOne(pid: number): boolean {
  try {
    return signal(pid, 'SIGKILL')
  } catch {
    // It has ended meanwhile.
    return false
  }
}
