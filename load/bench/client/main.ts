// A client process: does what its parent says, and counts.
import { createAcceptLoad } from './accept-load.ts'
import { createAutocannonLoad } from './autocannon-load.ts'
import { createFanOutLoad } from './fan-out-load.ts'
import { createIdleLoad } from './idle-load.ts'
import { createJoinLoad } from './join-load.ts'
import type { Load, LoadCounts, LoadOptions } from './load.ts'
import { createMessageLoad } from './message-load.ts'
import { createPostLoad } from './post-load.ts'
import { createPublishLoad } from './publish-load.ts'
import { createPushLoad } from './push-load.ts'
import { createRequestLoad } from './request-load.ts'
import { LoadTally } from './tally.ts'

/** An order of the parent, which waits for the report on each; `take` asks for the counts since the last time. */
export type ClientCommand =
  | { type: 'open'; options: LoadOptions }
  | { type: 'resume' }
  | { type: 'pause' }
  | { type: 'take' }
/** A report to the parent. */
export type ClientReport = { type: 'done'; result: LoadCounts | null } | { type: 'failed'; message: string }

const kinds = {
  message: createMessageLoad,
  post: createPostLoad,
  autocannon: createAutocannonLoad,
  accept: createAcceptLoad,
  idle: createIdleLoad,
  push: createPushLoad,
  'fan-out': createFanOutLoad,
  batch: createFanOutLoad,
  publish: createPublishLoad,
  join: createJoinLoad,
  request: createRequestLoad,
}

const tally = new LoadTally()
let load: Load | null = null
let isRunning = false

process.on('message', (command: ClientCommand) => {
  obey(command).then(
    (result) => report({ type: 'done', result }),
    (error: unknown) => report({ type: 'failed', message: String(error) }),
  )
})
process.on('disconnect', () => process.exit())

async function obey(command: ClientCommand): Promise<LoadCounts | null> {
  switch (command.type) {
    case 'open':
      load = kinds[command.options.kind](command.options, tally)
      await load.open()
      return null
    case 'resume':
      isRunning = true
      load?.resume()
      poll()
      return null
    case 'pause':
      await load?.pause()
      isRunning = false
      return null
    case 'take':
      return tally.take()
  }
}

/**
 * Looks for answers all the time instead of sleeping until one comes. Waking a process that sleeps is paid by the
 * server that sends to it, several microseconds a time on a virtual machine, and the slower server would pay it more
 * often: its clients sleep more.
 */
function poll(): void {
  if (isRunning) setImmediate(poll)
}

function report(message: ClientReport): void {
  process.send?.(message)
}
