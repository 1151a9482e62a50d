import { watch } from 'node:fs'
import type { Log } from '../observability/contract.ts'

/** Editors write a file in several steps: wait until they have been quiet for a moment. */
const quietInMillis = 150

export interface WatchOptions {
  readonly dir: string
  readonly log: Log
  readonly changed: () => void
}

/** Calls `changed` once after each flurry of changes below a folder. Returns what ends the watching. */
export function watchDefinitions({ dir, log, changed }: WatchOptions): () => void {
  let timer: NodeJS.Timeout | null = null
  const watcher = watch(dir, { recursive: true }, (_event, name) => {
    if (name?.split(/[\\/]/).includes('node_modules')) return
    if (timer !== null) clearTimeout(timer)
    timer = setTimeout(changed, quietInMillis)
  })
  watcher.on('error', (error) => log.error({ err: error, dir }, 'watching the definitions failed'))
  return () => {
    watcher.close()
    if (timer !== null) clearTimeout(timer)
  }
}
