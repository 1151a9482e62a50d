import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * A program that the tests need beside Node.js: its names, first choice first, and the package of Debian that has the
 * first. Chromium without its windows does all that the tests ask of a browser in less than half the CPU time.
 */
export const needs = {
  redis: { names: ['redis-server'], debianPackage: 'redis-server' },
  haproxy: { names: ['haproxy'], debianPackage: 'haproxy' },
  aws: { names: ['aws'], debianPackage: 'awscli' },
  chromium: {
    names: ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'],
    debianPackage: 'chromium-headless-shell',
  },
} as const

export type Need = keyof typeof needs

/** The folders where Debian puts servers, which are not on everybody's PATH. */
const serverFolders = ['/usr/local/sbin', '/usr/sbin']

/** The path of a program that the tests need, from PATH or where servers are; null when it is not there. */
export function findExecutable(need: Need, path = process.env.PATH ?? ''): string | null {
  for (const name of needs[need].names) {
    for (const folder of [...path.split(delimiter), ...serverFolders]) {
      if (folder !== '' && isExecutable(join(folder, name))) return join(folder, name)
    }
  }
  return null
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
