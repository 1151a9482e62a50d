import { readFile } from 'node:fs/promises'
import { replaceFile } from '../store/replace-file.ts'
import type { Revocation, RevocationStore } from './contract.ts'
import { createMemoryRevocationStore } from './memory-store.ts'
import { nameText, readRevocation, revocationText } from './revocation-name.ts'

const version = 1

/**
 * A store of one process, kept in a file. Rejects with one sentence when the file is there and can't be read: nobody is
 * let in by a list that is lost.
 */
export async function openFileRevocationStore(file: string, now: () => number): Promise<RevocationStore> {
  const kept = await readKept(file)
  return createMemoryRevocationStore({ kept, now, save: (all) => replaceFile(file, textOf(all)) })
}

async function readKept(file: string): Promise<readonly Revocation[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw new Error(`revocationsFile can't be read: ${error.message}`)
  })
  if (text === null) return []
  const kept = parse(text)
  if (kept !== null) return kept
  throw new Error(`revocationsFile ${file} holds no revocations of Postern; move it away to begin with none`)
}

function parse(text: string): readonly Revocation[] | null {
  try {
    const read = JSON.parse(text) as { version: unknown; revocations: Record<string, string> }
    if (read.version !== version) return null
    const kept = Object.entries(read.revocations).map(([name, rest]) => readRevocation(name, rest))
    return kept.every((each) => each !== null) ? kept : null
  } catch {
    return null
  }
}

function textOf(all: readonly Revocation[]): string {
  const revocations = Object.fromEntries(all.map((each) => [nameText(each), revocationText(each)]))
  return JSON.stringify({ version, revocations })
}
