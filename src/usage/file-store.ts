import { readFile } from 'node:fs/promises'
import { replaceFile } from '../store/replace-file.ts'
import type { UsageStore } from './contract.ts'
import { createMemoryStore, type StoredBucket } from './memory-store.ts'

const version = 1

/** The counts of one process, kept in a file. Rejects with one sentence when the file is there and can't be read. */
export async function openFileUsageStore(file: string, now: () => number): Promise<UsageStore> {
  const memory = createMemoryStore(now, await readBuckets(file))
  let changed = false
  return {
    add(batch) {
      changed = true
      return memory.add(batch)
    },
    read: memory.read,
    async save() {
      if (!changed) return
      changed = false
      try {
        await replaceFile(file, textOf(memory.buckets))
      } catch (error) {
        changed = true
        throw error
      }
    },
  }
}

async function readBuckets(file: string): Promise<Map<string, StoredBucket>> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw new Error(`usageFile can't be read: ${error.message}`)
  })
  if (text === null) return new Map()
  const buckets = parse(text)
  if (buckets !== null) return buckets
  throw new Error(`usageFile ${file} holds no counts of Postern; move it away to count from nothing`)
}

function parse(text: string): Map<string, StoredBucket> | null {
  try {
    const read = JSON.parse(text) as { version: unknown; buckets: Record<string, unknown> }
    if (read.version !== version) return null
    return new Map(Object.entries(read.buckets).map(([name, bucket]) => [name, readBucket(bucket)]))
  } catch {
    return null
  }
}

/** Throws for what is none. */
function readBucket(value: unknown): StoredBucket {
  const { keptUntil, counts } = value as { keptUntil: unknown; counts: Record<string, unknown> }
  const entries = Object.entries(counts).map(([field, count]) => [field, whole(count)] as const)
  return { keptUntil: whole(keptUntil), counts: new Map(entries) }
}

function whole(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  throw new Error('not a whole number')
}

function textOf(buckets: ReadonlyMap<string, StoredBucket>): string {
  const plain = [...buckets].map(([name, { keptUntil, counts }]) => [
    name,
    { keptUntil, counts: Object.fromEntries(counts) },
  ])
  return JSON.stringify({ version, buckets: Object.fromEntries(plain) })
}
