import { open, rename } from 'node:fs/promises'

/** Writes a file so that it has the old text or the new one, whenever the process or the machine ends. */
export async function replaceFile(file: string, text: string): Promise<void> {
  const beside = `${file}.new`
  const handle = await open(beside, 'w', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(beside, file)
}
