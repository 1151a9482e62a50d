import { type FSWatcher, readdirSync, statSync, watch } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../observability/contract.ts'

/** Milliseconds without a change before a flurry is over: editors write a file in several steps. */
const quietInMillis = 150
/**
 * Folders that are watched, each with a watch of its own; somebody may point at a folder that is not one of
 * definitions.
 */
const maxFolders = 1_000

export interface WatchOptions {
  readonly dir: string
  readonly log: Log
  readonly changed: () => void
}

interface Watched {
  readonly watcher: FSWatcher
  readonly identity: string
}

/**
 * Calls `changed` once after each flurry of changes below a folder. Returns what ends the watching.
 *
 * Each folder has a watch of its own: the recursive one of Node.js 20 on Linux watches files by their inode, and is
 * blind to a file from the second time on that an editor puts another in its place.
 */
export function watchFolder({ dir, log, changed }: WatchOptions): () => void {
  const watched = new Map<string, Watched>()
  let timer: NodeJS.Timeout | null = null

  function touched(name: string | null): void {
    if (name === 'node_modules') return
    if (timer !== null) clearTimeout(timer)
    timer = setTimeout(settle, quietInMillis)
  }

  /**
   * Ends a flurry. New folders are watched before they are read: what is written between the two is then seen by
   * either.
   */
  function settle(): void {
    timer = null
    follow()
    changed()
  }

  function follow(): void {
    const found = foldersBelow(dir)
    for (const [folder, { watcher, identity }] of watched) {
      if (found.get(folder) === identity) continue
      watcher.close()
      watched.delete(folder)
    }
    for (const [folder, identity] of found) if (!watched.has(folder)) add(folder, identity)
  }

  function add(folder: string, identity: string): void {
    try {
      const watcher = watch(folder, (_event, name) => touched(name))
      watcher.on('error', (error) => log.warn({ err: error, dir: folder }, 'a folder is not watched any more'))
      watched.set(folder, { watcher, identity })
    } catch (error) {
      log.error({ err: error, dir: folder }, 'a folder of definitions can not be watched')
    }
  }

  follow()
  return () => {
    if (timer !== null) clearTimeout(timer)
    for (const { watcher } of watched.values()) watcher.close()
    watched.clear()
  }
}

/** The folder and all folders below it, links followed, by path; without packages and hidden ones. */
function foldersBelow(dir: string): Map<string, string> {
  const folders = new Map<string, string>()
  const left = [dir]
  const known = new Set<string>()
  for (let folder = left.pop(); folder !== undefined && folders.size < maxFolders; folder = left.pop()) {
    const identity = identityOf(folder)
    // The second time round is a link that leads back.
    if (identity === null || known.has(identity)) continue
    known.add(identity)
    folders.set(folder, identity)
    for (const name of namesIn(folder)) {
      if (name !== 'node_modules' && !name.startsWith('.')) left.push(join(folder, name))
    }
  }
  return folders
}

/**
 * The identity of a folder: another one when it was deleted and made again, which may get the same inode; null for what
 * is no folder.
 */
function identityOf(path: string): string | null {
  try {
    const stats = statSync(path)
    return stats.isDirectory() ? `${stats.dev} ${stats.ino} ${stats.birthtimeMs}` : null
  } catch {
    // Gone, a link to nowhere or in a ring, or not ours to see.
    return null
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    // Gone since it was listed, or not ours to read: `changed` will find that out and say so.
    return []
  }
}
