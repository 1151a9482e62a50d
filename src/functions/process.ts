import { type ChildProcess, spawn } from 'node:child_process'
import { execPath } from 'node:process'
import { Duplex, type Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { createFrameReader, encodeFrame } from './channel.mjs'
import { type ProcessTrees, processMark } from './process-trees.ts'

/** AWS's limit on the result of a synchronous call: 6 MB and room for its envelope. */
export const maxResultBytes = 6_291_556
/** The limit on a frame: a result, and what stands around it. */
const maxFrameBytes = maxResultBytes + 262_144

/**
 * Milliseconds that the channel of a process that has exited may take to end: something that it started may hold it
 * open.
 */
const lastWordsInMillis = 250

const workerFile = fileURLToPath(new URL('./worker.mjs', import.meta.url))

/** The settings that a process is started with. */
export interface ProcessSettings {
  readonly file: string
  readonly exportName: string
  /** The folder of the api.yaml, with symbolic links resolved: no package.json above it counts. */
  readonly root: string
  readonly functionName: string
  readonly functionArn: string
  readonly memoryInMegabytes: number
  readonly logGroupName: string
  readonly logStreamName: string
  /** The folder of the api.yaml: the process's working directory. */
  readonly directory: string
  /** All of its environment: nothing of the gateway's own is passed on. */
  readonly environment: Readonly<Record<string, string>>
}

/** The head of a call, as `worker.mjs` reads it. */
export interface CallHeader {
  /** The number of the call, which comes back with the result. */
  readonly call: number
  readonly requestId: string
  readonly traceId: string
  /** The moment at which the function's own time limit ends, in milliseconds since 1970. */
  readonly deadline: number
}

/** An error as the process of a function reports it. */
export interface ReportedError {
  /** The error as its caller gets it, JSON text: `{"errorType":…,"errorMessage":…,"trace":[…]}`. */
  readonly text: string
  /** The same with own members, causes and the errors of an AggregateError, JSON text: for the log alone. */
  readonly detail: string
}

/**
 * The events of a process. None comes before `startProcess` has returned, and none after `exited`, which comes exactly
 * once.
 */
export interface ProcessEvents {
  /** The handler is loaded; the process takes calls. */
  ready(): void
  /** The handler can't be loaded. The process ends. */
  notLoaded(error: ReportedError): void
  returned(call: number, result: string): void
  failed(call: number, error: ReportedError): void
  /** Something that the handler has left running threw between calls. The process ends. */
  broke(error: ReportedError): void
  /** The process has ended; `how` is a phrase: `exit status 1`, `signal: SIGKILL`. */
  exited(how: string): void
}

/** The process of a function: one call at a time. */
export interface FunctionProcess {
  /** The process id; null when the process could not be started. */
  readonly pid: number | null
  readonly output: { readonly stdout: Readable; readonly stderr: Readable } | null
  call(header: CallHeader, payload: string): void
  /** Ends it and whatever it started, in other sessions too; `exited` follows. */
  kill(): void
}

/**
 * Starts the process of a function: a process and not a thread, since a worker thread that fills its heap in large
 * steps, with `array.concat` or `JSON.parse`, aborts all of Node.js (`resourceLimits` catches only slow growth), and it
 * can signal the process it lives in. A process also has its own environment, working directory and output, and may be
 * killed at any instruction.
 */
export function startProcess(settings: ProcessSettings, events: ProcessEvents, trees: ProcessTrees): FunctionProcess {
  const { environment, directory, ...rest } = settings
  const mark = trees.mark()
  let child: ChildProcess
  try {
    child = spawn(
      execPath,
      [`--max-old-space-size=${settings.memoryInMegabytes}`, workerFile, JSON.stringify({ ...rest, maxResultBytes })],
      // A session of its own: Ctrl-C at a terminal stops the gateway, which still waits for calls in flight.
      {
        cwd: directory,
        env: { ...environment, [processMark]: mark },
        stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
        detached: true,
      },
    )
  } catch (error) {
    setImmediate(() => events.exited(`it can't be started: ${(error as Error).message}`))
    return { pid: null, output: null, call() {}, kill() {} }
  }
  return supervise(child, events, { kill: (pid) => trees.kill(pid, mark), ended: () => trees.ended(mark) })
}

interface Tree {
  kill(pid: number): void
  ended(): void
}

function supervise(child: ChildProcess, events: ProcessEvents, tree: Tree): FunctionProcess {
  const channel = child.stdio[3]
  let ended = false
  const exited = (how: string): void => {
    if (ended) return
    ended = true
    if (channel instanceof Duplex) channel.destroy()
    // What it has left behind; the whole sandbox ends on Lambda too.
    tree.ended()
    events.exited(how)
  }
  child.on('exit', (code, name) => {
    const how = code === null ? `signal: ${name}` : `exit status ${code}`
    // The last words may still be in the channel, which ends when they are read.
    if (!(channel instanceof Duplex) || channel.readableEnded || channel.destroyed) return exited(how)
    channel.once('end', () => exited(how)).once('close', () => exited(how))
    setTimeout(exited, lastWordsInMillis, how).unref()
  })
  child.on('error', (error) => {
    if (child.pid === undefined) exited(`it can't be started: ${error.message}`)
  })

  const kill = (): void => {
    if (ended || child.pid === undefined) return
    tree.kill(child.pid)
  }
  if (channel instanceof Duplex) {
    const read = createFrameReader(maxFrameBytes, (text) => {
      if (!ended) receive(text, events)
    })
    channel.on('data', (chunk: Buffer) => {
      try {
        read(chunk)
      } catch {
        // The handler has written into the channel itself.
        channel.destroy()
        kill()
      }
    })
    channel.on('error', kill)
  }
  const { stdout, stderr } = child
  return {
    pid: child.pid ?? null,
    output: stdout === null || stderr === null ? null : { stdout, stderr },
    call(header, payload) {
      if (channel instanceof Duplex && !channel.destroyed) {
        channel.write(encodeFrame(`${JSON.stringify(header)}\n${payload}`))
      }
    },
    kill,
  }
}

function receive(text: string, events: ProcessEvents): void {
  const kind = text[0]
  if (kind === 'R') return events.ready()
  if (kind === 'F') return events.notLoaded(readError(text, 1))
  if (kind === 'B') return events.broke(readError(text, 1))
  const end = text.indexOf('\n')
  const call = Number(text.slice(1, end))
  if (kind === 'S') events.returned(call, text.slice(end + 1))
  else if (kind === 'E') events.failed(call, readError(text, end + 1))
  else throw new RangeError('an unknown frame')
}

function readError(frame: string, from: number): ReportedError {
  const end = frame.indexOf('\n', from)
  const text = end < 0 ? frame.slice(from) : frame.slice(from, end)
  return { text, detail: end < 0 ? text : frame.slice(end + 1) }
}
