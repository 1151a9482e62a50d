import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Command, Report, WorkerPlan } from '../worker/plan.ts'

export interface WorkerProcess {
  readonly pid: number
  readonly connections: number
  send(command: Command): void
  /** Ends it at once. */
  kill(): void
}

// The sources, too, start the worker as it was built: a process that compiles them takes a second longer.
const isSource = import.meta.url.endsWith('.ts')
const main = fileURLToPath(new URL(`${isSource ? '../../dist' : '..'}/worker/main.js`, import.meta.url))

/** Starts a worker and resolves when it has its plan. Rejects when it ends before. */
export function startWorkerProcess(
  plan: WorkerPlan,
  events: { report(report: Report): void; exited(how: string): void },
): Promise<WorkerProcess> {
  const child = fork(main, {
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // Secrets that templates name are in the plan.
    env: { PATH: process.env.PATH, NODE_ENV: 'production' },
  })
  let isReady = false
  let errors = ''
  child.stderr?.on('data', (chunk) => {
    errors = `${errors}${chunk}`.slice(-2_000)
  })
  return new Promise((resolve, reject) => {
    child.on('message', (report: Report) => {
      if (report.type !== 'ready') return events.report(report)
      isReady = true
      resolve(workerOf(child, plan))
    })
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      const how = `${signal ?? `exit code ${code}`}${errors === '' ? '' : `: ${errors.trim().split('\n').at(-1)}`}`
      if (isReady) events.exited(how)
      else reject(new Error(`a worker process ended before it was ready: ${how}`))
    })
    child.send({ type: 'plan', plan } satisfies Command)
  })
}

function workerOf(child: ChildProcess, plan: WorkerPlan): WorkerProcess {
  return {
    pid: child.pid ?? 0,
    connections: plan.clients.length,
    send: (command) => {
      if (child.connected) child.send(command)
    },
    kill: () => void child.kill('SIGKILL'),
  }
}
