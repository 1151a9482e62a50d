import { close as closeFile, mkdirSync, openSync, write as writeFile } from 'node:fs'
import { dirname } from 'node:path'
import type { Counter } from './contract.ts'

/** Characters that may wait for a slow disk or a full pipe before lines are dropped. */
const defaultMaxBuffered = 8 * 1024 * 1024
/** The pause between two tries of a pipe that is full. */
const retryMs = 20
/** The longest that closing waits for what is still buffered. */
const closingMs = 2_000

/** A place for lines, which never blocks, never throws and never holds more than its limit. */
export interface LineDestination {
  /** Queues a line that ends in a line feed, or drops it when too much waits. */
  write(line: string): void
  /** Opens the file anew by its name, for log rotation; nothing for a descriptor. */
  reopen(): void
  /** Resolves when everything is written, at the latest after two seconds. Safe to call twice. */
  close(): Promise<void>
}

export interface LineDestinationOptions {
  /** A file descriptor (1 is stdout) or the path of a file, which is appended to; folders above it are made. */
  readonly target: number | string
  /** Counts lines that were dropped. */
  readonly dropped: Counter
  readonly maxBuffered?: number
  /** Called for each fault of the disk or pipe. */
  readonly onError?: (error: Error) => void
}

/**
 * Opens a destination, and throws when the file can't be opened. It is our own and not pino's: that one lets lines
 * overtake each other when it is closed during a write, and throws out of the process's exit when a pipe is full.
 */
export function createLineDestination(options: LineDestinationOptions): LineDestination {
  const { target, dropped, maxBuffered = defaultMaxBuffered, onError } = options
  let descriptor = typeof target === 'number' ? target : open(target)
  let waiting = ''
  let waitingLines = 0
  let busy = false
  let oldDescriptor: number | null = null
  let drained: (() => void) | null = null
  let closing: Promise<void> | null = null

  function pump(): void {
    if (oldDescriptor !== null) forget(oldDescriptor)
    oldDescriptor = null
    if (waiting === '') {
      busy = false
      drained?.()
      return
    }
    const batch = Buffer.from(waiting)
    const lines = waitingLines
    waiting = ''
    waitingLines = 0
    put(descriptor, batch, 0, lines)
  }

  function put(file: number, batch: Buffer, from: number, lines: number): void {
    writeFile(file, batch, from, batch.length - from, null, (error, written) => {
      if (error === null && from + written >= batch.length) return pump()
      if (error === null) return put(file, batch, from + written, lines)
      if (error.code === 'EAGAIN') {
        // Without unref a pipe that nobody reads would keep the process.
        setTimeout(() => put(file, batch, from, lines), retryMs).unref()
        return
      }
      dropped.value += lines
      onError?.(error)
      pump()
    })
  }

  return {
    write(line) {
      if (closing !== null || waiting.length + line.length > maxBuffered) {
        dropped.value++
        return
      }
      waiting += line
      waitingLines++
      if (busy) return
      busy = true
      // The lines of one turn of the event loop go out in one write.
      setImmediate(pump)
    },
    reopen() {
      if (closing !== null || typeof target === 'number') return
      try {
        const fresh = open(target)
        // A write may be under way, into the file that was open when it began.
        if (busy && oldDescriptor === null) oldDescriptor = descriptor
        else forget(descriptor)
        descriptor = fresh
      } catch (error) {
        onError?.(error as Error)
      }
    },
    close() {
      closing ??= new Promise<void>((resolve) => {
        if (!busy) return resolve()
        const timer = setTimeout(resolve, closingMs)
        drained = () => {
          clearTimeout(timer)
          resolve()
        }
      }).then(() => {
        dropped.value += waitingLines
        waiting = ''
        waitingLines = 0
        if (typeof target === 'string') forget(descriptor)
      })
      return closing
    },
  }
}

function open(path: string): number {
  mkdirSync(dirname(path), { recursive: true })
  return openSync(path, 'a', 0o640)
}

function forget(descriptor: number): void {
  closeFile(descriptor, () => {})
}
