import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** The native functions and constants of a build of uWebSockets.js. */
export type Uws = typeof import('uWebSockets.js')

/** A build of uWebSockets.js that is loaded. */
export interface UwsBuild {
  readonly uws: Uws
  /** Name and version of its package, as its `package.json` has them: `uws-pack`, `20.0.8`. */
  readonly name: string
  readonly version: string
}

/** The place of a build of uWebSockets.js. */
export interface UwsSource {
  readonly module: string
  /** Whether it is the one that comes with the gateway. */
  readonly isOwn: boolean
  readonly environment: Record<string, string | undefined>
}

/** The package that comes with the gateway, where npm could install it. */
export const ownUwsModule = 'uWebSockets.js'

/**
 * Bytes that request line and headers may have together; AWS allows 10,240 bytes of headers, uWebSockets.js 4,096
 * unless told.
 */
const maxHeadersBytes = 16_384

/** The members that a build must have; what else newer and older ones have is done without. */
const needed = [
  'App',
  'SSLApp',
  'us_listen_socket_close',
  'us_socket_local_port',
  'LIBUS_LISTEN_EXCLUSIVE_PORT',
  'DISABLED',
  'SHARED_COMPRESSOR',
  'SHARED_DECOMPRESSOR',
] as const

/**
 * Loads a build of uWebSockets.js: a package, as seen from the working directory (from here alone where it is our own)
 * or else from here, or an absolute path. `environment` must be `process.env` itself: the native code reads its limit
 * on headers from the process's environment, once, when it is loaded. So the first call in a process decides, and
 * Node's worker threads can't have another one. Rejects with one sentence that says why it does not load.
 */
export async function loadUws({ module, isOwn, environment }: UwsSource): Promise<UwsBuild> {
  environment.UWS_HTTP_MAX_HEADERS_SIZE = String(maxHeadersBytes)
  const url = isOwn ? null : urlOf(module)
  const uws = await import(url ?? module).then(membersOf, (error: unknown) => {
    throw new Error(`${module} does not load: ${reasonOf(error)}`, { cause: error })
  })
  if (uws === null) throw new Error(`${module} does not load: it is no build of uWebSockets.js`)
  // Missing in some builds.
  const { _cfg } = uws as Partial<Uws>
  _cfg?.('silent')
  return { uws, ...(await packageOf(url ?? import.meta.resolve(module), module)) }
}

/** The file of a module as the working directory sees it; null where only `import` finds one. */
function urlOf(module: string): string | null {
  try {
    return pathToFileURL(createRequire(join(resolve('.'), 'postern.js')).resolve(module)).href
  } catch {
    return null
  }
}

/**
 * A build is what a module exports by default, or by names where that has not all we need. Newer builds name a part of
 * what they have only: `_cfg` is in the default alone.
 */
function membersOf(loaded: Record<string, unknown>): Uws | null {
  const found = [loaded.default, loaded].find(
    (each) => typeof each === 'object' && each !== null && needed.every((name) => name in each),
  )
  return (found as Uws | undefined) ?? null
}

/** Name and version in the nearest `package.json` above a file. */
async function packageOf(url: string, module: string): Promise<{ name: string; version: string }> {
  let folder = dirname(fileURLToPath(url))
  for (;;) {
    const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => null)
    const { name, version } = (text === null ? {} : JSON.parse(text)) as { name?: string; version?: string }
    if (name !== undefined && version !== undefined) return { name, version }
    if (dirname(folder) === folder) return { name: module, version: 'of an unknown version' }
    folder = dirname(folder)
  }
}

/**
 * Gives what an error says in one line: the first line of each of its paragraphs. The author's package says first which
 * systems it supports, and the actual reason behind an empty line, such as a C library that is too old.
 */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  const firstLines = text.split(/\n\s*\n/).map((paragraph) => paragraph.trim().split('\n', 1)[0])
  return firstLines.filter(Boolean).join(' ')
}
