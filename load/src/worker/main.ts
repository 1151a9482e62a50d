// A client process of a load test: does what its parent says, and counts.
import process from 'node:process'
import { createEngine, type Engine } from './engine.ts'
import type { Command, Report } from './plan.ts'

let engine: Engine | null = null

process.on('message', (command: Command) => {
  switch (command.type) {
    case 'plan':
      engine = createEngine(command.plan, {
        slice: (slice) => report({ type: 'slice', slice }),
        limit: () => report({ type: 'limit' }),
        done: (last) => report({ type: 'done', last }),
      })
      report({ type: 'ready' })
      return
    case 'start':
      engine?.start(command.at)
      return
    case 'stop':
      engine?.stop()
      return
  }
})
process.on('disconnect', () => process.exit())
// Ctrl-C at a terminal reaches this process too, and a stop of its service; the parent decides what they mean.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {})
process.on('uncaughtException', (error) => {
  report({ type: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  setImmediate(() => process.exit(1))
})

function report(message: Report): void {
  if (process.connected) process.send?.(message)
}
