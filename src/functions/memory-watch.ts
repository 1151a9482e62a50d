import { readFile } from 'node:fs/promises'
import { platform } from 'node:process'

const checkInMillis = 250
/** Memory that a process takes beyond its heap: the runtime itself, young objects, code. */
const overheadInMegabytes = 128

/** Watches how much memory processes have resident. */
export interface MemoryWatch {
  watch(pid: number, onExceeded: () => void): void
  forget(pid: number): void
  /** Notes that a call has begun: it looks again soon, and for as long as calls are running. */
  callBegan(): void
  close(): void
}

/**
 * The heap's own cap does not count what lies outside the heap, such as Buffers; this does, a few times a second while
 * calls are running. Only Linux tells (`/proc/<pid>/status`); elsewhere nothing is watched.
 */
export function createMemoryWatch(memoryInMegabytes: number, isBusy: () => boolean): MemoryWatch {
  const limit = (memoryInMegabytes + overheadInMegabytes) * 1_024
  const watched = new Map<number, () => void>()
  let timer: NodeJS.Timeout | null = null
  let closed = false

  function checkSoon(): void {
    if (timer === null && !closed && platform === 'linux') timer = setTimeout(check, checkInMillis).unref()
  }

  async function check(): Promise<void> {
    for (const [pid, onExceeded] of [...watched]) {
      const kilobytes = await residentKilobytes(pid)
      if (kilobytes > limit && watched.get(pid) === onExceeded) onExceeded()
    }
    timer = null
    if (isBusy()) checkSoon()
  }

  return {
    watch: (pid, onExceeded) => void watched.set(pid, onExceeded),
    forget: (pid) => void watched.delete(pid),
    callBegan: checkSoon,
    close() {
      closed = true
      if (timer !== null) clearTimeout(timer)
      watched.clear()
    },
  }
}

async function residentKilobytes(pid: number): Promise<number> {
  try {
    return Number(/^VmRSS:\s*(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0)
  } catch {
    // It has ended meanwhile.
    return 0
  }
}
