import { realpathSync, statSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'

/** The place of a local function's code. */
export interface HandlerLocation {
  /** The path of the file, absolute, with symbolic links resolved. */
  readonly file: string
  /** The export, or a path of members below one: `join`, `handlers.join`. */
  readonly exportName: string
  /** The folder of the api.yaml, with symbolic links resolved. */
  readonly root: string
}

/** The order in which Lambda's Node.js runtimes look. */
const extensions = ['.js', '.mjs', '.cjs']
const shape = /^((?:[\w-][\w.-]*\/)*[\w-]+)\.([A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*)$/

/**
 * Finds `<path>.<export>` below the folder of an api.yaml; the file has one of .js, .mjs and .cjs, in that order. A
 * string is the fault, one sentence. A link that leads out of the folder is followed nowhere.
 */
export function locateHandler(directory: string, handler: string): HandlerLocation | string {
  const match = shape.exec(handler)
  if (match === null) return `handler '${handler}' is not <file>.<export>, such as handlers.join`
  const [, path = '', exportName = ''] = match
  const root = realPath(directory)
  for (const extension of extensions) {
    const file = realPath(join(directory, path + extension))
    if (file === null || !isFile(file)) continue
    if (root === null || !`${dirname(file)}${sep}`.startsWith(root.endsWith(sep) ? root : root + sep)) {
      return `handler '${handler}' leads out of the folder of api.yaml`
    }
    return { file, exportName, root }
  }
  return `handler '${handler}' needs one of ${extensions.map((extension) => path + extension).join(', ')} beside api.yaml`
}

function realPath(path: string): string | null {
  try {
    return realpathSync(path)
  } catch {
    return null
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    return false
  }
}
