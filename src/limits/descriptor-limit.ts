import { readdirSync, readFileSync, statSync } from 'node:fs'

/** The most descriptors that are kept back, and the part of the limit that they are where that is less. */
const mostKeptBack = 512
const partKeptBack = 4

/** The limit on the descriptors that a process may have open, `ulimit -n`; Infinity for none. */
export interface DescriptorLimit {
  readonly soft: number
  readonly hard: number
}

/**
 * The limit of this process, from `/proc/self/limits`; null where there is no such file, as on macOS and Windows.
 * Node.js raises the soft limit to the hard one when it starts, so the two differ only where that was not allowed.
 */
export function readDescriptorLimit(): DescriptorLimit | null {
  try {
    return parseDescriptorLimit(readFileSync('/proc/self/limits', 'latin1'))
  } catch {
    return null
  }
}

/** Counts the descriptors that this process has open; 0 where there is no `/proc`. Linux tells at once from 6.2 on. */
export function countOpenDescriptors(): number {
  try {
    return statSync('/proc/self/fd').size || readdirSync('/proc/self/fd').length
  } catch {
    return 0
  }
}

/** Reads the limit out of the text of `/proc/<pid>/limits`; null when it is not there. */
export function parseDescriptorLimit(text: string): DescriptorLimit | null {
  const found = /^Max open files\s+(\d+|unlimited)\s+(\d+|unlimited)/m.exec(text)
  if (found === null) return null
  const [soft = Number.POSITIVE_INFINITY, hard = Number.POSITIVE_INFINITY] = found
    .slice(1)
    .map((value) => (value === 'unlimited' ? Number.POSITIVE_INFINITY : Number(value)))
  return { soft, hard }
}

/**
 * The descriptors out of a limit that clients don't get, so that the management port, Redis, backends, functions and
 * files have theirs: a quarter of the limit, at most 512.
 */
export function descriptorsKeptBack(limit: number): number {
  return Math.min(mostKeptBack, Math.floor(limit / partKeptBack))
}

/**
 * One sentence with the numbers, and behind its last semicolon the remedy, when a limit is too low for `maxConnections`;
 * null when it is not.
 */
export function descriptorShortage(limit: number, maxConnections: number): string | null {
  const keptBack = descriptorsKeptBack(limit)
  if (maxConnections <= limit - keptBack) return null
  return (
    `maxConnections is ${maxConnections}, but this process may open ${limit} files, of which ${keptBack} are kept back: ` +
    `handshakes get 503 from about ${limit - keptBack} connections on; ` +
    `raise the limit (ulimit -n, LimitNOFILE) to ${maxConnections + mostKeptBack} or lower maxConnections`
  )
}
