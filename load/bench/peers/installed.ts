import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/** Asks a program; gives what it says on stdout and stderr, or null when it is not there. */
export function askProgram(command: string, ...args: string[]): Promise<string | null> {
  return new Promise((resolve) => {
    execFile(command, args, { timeout: 5000 }, (error, stdout, stderr) => {
      const isMissing = error !== null && (error as NodeJS.ErrnoException).code === 'ENOENT'
      resolve(isMissing ? null : `${stdout}${stderr}`)
    })
  })
}

/** The first version number in what a program says; null when it is not there. */
export async function programVersion(command: string, ...args: string[]): Promise<string | null> {
  const said = await askProgram(command, ...args)
  return said === null ? null : (/\d+\.\d+(?:\.\d+)?/.exec(said)?.[0] ?? 'of an unknown version')
}

/** The version of an npm package among our own dependencies; null when it is not installed. */
export function packageVersion(name: string): Promise<string | null> {
  return versionIn(`../../../node_modules/${name}/package.json`)
}

/** The gateway's own version. */
export function ownVersion(): Promise<string | null> {
  return versionIn('../../../package.json')
}

async function versionIn(file: string): Promise<string | null> {
  try {
    const text = await readFile(fileURLToPath(new URL(file, import.meta.url)), 'utf8')
    return (JSON.parse(text) as { version: string }).version
  } catch {
    return null
  }
}
