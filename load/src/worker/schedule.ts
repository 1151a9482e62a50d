import { now } from './clock.ts'

/** Runs things when they are due: thousands of them on one timer, which is what a client of thousands needs. */
export interface Schedule {
  /** `due` as of `clock.ts`; at once, but never before this returns, when that is past. `run` gets `due`. */
  at(due: number, run: (due: number) => void): void
  /** Nothing runs any more. */
  close(): void
}

/** `afterBatch` is called after things that were due have run, a batch at a time. */
export function createSchedule(afterBatch: () => void): Schedule {
  const heap: Entry[] = []
  let timer: NodeJS.Timeout | NodeJS.Immediate | null = null
  let timerDue = Number.POSITIVE_INFINITY
  let isRunning = false
  let isClosed = false

  function arm(): void {
    const first = heap[0]
    if (first === undefined || isRunning || isClosed || timerDue <= first.due) return
    disarm()
    timerDue = first.due
    const wait = first.due - now()
    // A timer of Node.js is never early and has whole milliseconds.
    timer = wait < 0.5 ? setImmediate(run) : setTimeout(run, Math.floor(wait))
  }

  function disarm(): void {
    if (timer === null) return
    clearTimeout(timer as NodeJS.Timeout)
    clearImmediate(timer as NodeJS.Immediate)
    timer = null
    timerDue = Number.POSITIVE_INFINITY
  }

  function run(): void {
    timer = null
    timerDue = Number.POSITIVE_INFINITY
    isRunning = true
    const until = now()
    // What becomes due meanwhile waits for the next batch, so that sockets are read in between.
    let left = heap.length
    while (left-- > 0 && heap.length > 0 && (heap[0] as Entry).due <= until) {
      const { due, run } = pop(heap)
      run(due)
    }
    isRunning = false
    afterBatch()
    arm()
  }

  return {
    at(due, run) {
      push(heap, { due, run })
      arm()
    },
    close() {
      isClosed = true
      heap.length = 0
      disarm()
    },
  }
}

interface Entry {
  readonly due: number
  readonly run: (due: number) => void
}

// --- a binary heap, the earliest first ---

function push(heap: Entry[], entry: Entry): void {
  let at = heap.length
  heap.push(entry)
  while (at > 0) {
    const parent = (at - 1) >> 1
    const above = heap[parent] as Entry
    if (above.due <= entry.due) break
    heap[at] = above
    at = parent
  }
  heap[at] = entry
}

function pop(heap: Entry[]): Entry {
  const first = heap[0] as Entry
  const last = heap.pop() as Entry
  if (heap.length === 0) return first
  let at = 0
  while (true) {
    let child = 2 * at + 1
    if (child >= heap.length) break
    const right = heap[child + 1]
    if (right !== undefined && right.due < (heap[child] as Entry).due) child++
    const below = heap[child] as Entry
    if (below.due >= last.due) break
    heap[at] = below
    at = child
  }
  heap[at] = last
  return first
}
