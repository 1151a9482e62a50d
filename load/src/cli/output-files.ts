import { open, unlink } from 'node:fs/promises'
import { resolve } from 'node:path'

/**
 * Tries the files that a command writes at its end, before it begins; resolves with what is wrong with one of them in
 * a sentence, or null. What stands in them stays as it is, and none is left behind.
 */
export async function outputProblem(files: readonly string[]): Promise<string | null> {
  const paths = files.map((file) => resolve(file))
  const again = files.find((_, index) => paths.indexOf(paths[index] as string) < index)
  if (again !== undefined && !again.startsWith('/dev/')) return `${again} is given twice: one would overwrite the other`
  for (const file of files) {
    try {
      await tryToWrite(file)
    } catch (error) {
      return `${file} cannot be written: ${(error as Error).message}`
    }
  }
  return null
}

async function tryToWrite(file: string): Promise<void> {
  try {
    await (await open(file, 'r+')).close()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    await (await open(file, 'wx')).close()
    await unlink(file)
  }
}
