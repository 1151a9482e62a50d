// A client process: does what its parent says, and counts.
import { createAcceptLoad } from './accept-load.ts'
import { createAutocannonLoad } from './autocannon-load.ts'
import { createIdleLoad } from './idle-load.ts'
import type { Load, LoadOptions, LoadResult } from './load.ts'
import { createMessageLoad } from './message-load.ts'
import { createPostLoad } from './post-load.ts'
import { Tally } from './tally.ts'

/** From the parent. */
export type Command = { type: 'open'; options: LoadOptions } | { type: 'begin' } | { type: 'end' }
/** To the parent. */
export type Report = { type: 'ready' } | { type: 'failed'; message: string } | { type: 'result'; result: LoadResult }

const kinds = {
  message: createMessageLoad,
  post: createPostLoad,
  autocannon: createAutocannonLoad,
  accept: createAcceptLoad,
  idle: createIdleLoad,
}

const tally = new Tally()
let load: Load | null = null

process.on('message', (command: Command) => {
  if (command.type === 'open') void open(command.options)
  else if (command.type === 'begin') tally.clear()
  else finish()
})
process.on('disconnect', () => process.exit())

async function open(options: LoadOptions): Promise<void> {
  try {
    load = kinds[options.kind](options, tally)
    await load.open()
    report({ type: 'ready' })
  } catch (error) {
    report({ type: 'failed', message: String(error) })
  }
}

function finish(): void {
  report({ type: 'result', result: tally.result() })
  load?.close()
}

function report(message: Report): void {
  process.send?.(message)
}
