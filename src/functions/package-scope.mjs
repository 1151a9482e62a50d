// Plain JavaScript: the process of a function loads this file as it is, from the sources and from the build.
import { existsSync, readFileSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { dirname, extname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The hooks that Node.js has in the thread itself, from 22.15 on; older ones need a thread of their own. */
const registerHooks = /** @type {((hooks: object) => void) | undefined} */ (
  /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (nodeModule)).registerHooks
)

/**
 * Whether a file is CommonJS: a `.cjs`, or a `.js` whose nearest package.json at or below `root` does not say
 * `"type": "module"`. On Lambda the root of the deployment is the top, so nothing above it counts ("Building Lambda
 * functions with Node.js", designating a function handler as an ES module).
 * @param {string} file
 * @param {string} root
 */
export function isCommonJs(file, root) {
  if (extname(file) !== '.js') return extname(file) === '.cjs'
  return packageType(dirname(file), root) !== 'module'
}

/**
 * The type of the nearest package at or below `root`; null when there is none, and for a folder elsewhere.
 * @param {string} folder
 * @param {string} root
 * @returns {string | null}
 */
function packageType(folder, root) {
  for (let at = folder; isBelow(at, root); at = dirname(at)) {
    const file = join(at, 'package.json')
    if (existsSync(file)) return typeIn(file)
    if (at === root) break
  }
  return null
}

/** @param {string} file */
function typeIn(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).type ?? 'commonjs'
  } catch {
    // Node.js says what is wrong with it.
    return 'commonjs'
  }
}

/**
 * @param {string} path
 * @param {string} root
 */
function isBelow(path, root) {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep)
}

/**
 * Whether only a package.json above `root`, or Node's guess, could make an ES module of the file.
 * @param {string} file
 * @param {string} root
 */
function isLooseScript(file, root) {
  return extname(file) === '.js' && isBelow(file, root) && packageType(dirname(file), root) === null
}

/**
 * Has `require` and `import` take every `.js` below `root` without a package.json of its own for CommonJS, whatever
 * stands above `root`.
 * @param {string} root
 */
export async function keepPackageScope(root) {
  const extensions = /** @type {Record<string, (module: any, file: string) => void>} */ (
    /** @type {any} */ (nodeModule.Module)._extensions
  )
  const usual = /** @type {(module: any, file: string) => void} */ (extensions['.js'])
  extensions['.js'] = (module, file) => {
    if (!isLooseScript(file, root)) return usual(module, file)
    module._compile(readFileSync(file, 'utf8'), file, 'commonjs')
  }
  if (registerHooks !== undefined) registerHooks(scopeHooks(root))
  // Without a package above, Node.js that has no such hooks takes the file for CommonJS by itself.
  else if (packageType(dirname(root), sep) === 'module') {
    nodeModule.register('./package-scope.mjs', { parentURL: import.meta.url, data: root })
  }
}

/** @param {string} root */
function scopeHooks(root) {
  return {
    /** @type {(specifier: string, context: object, next: (specifier: string, context: object) => { url: string }) => object} */
    resolve: (specifier, context, next) => inScope(next(specifier, context), root),
  }
}

/**
 * @param {{ url: string }} resolved
 * @param {string} root
 */
function inScope(resolved, root) {
  const { url } = resolved
  if (!url.startsWith('file:') || !isLooseScript(fileURLToPath(url), root)) return resolved
  return { ...resolved, format: 'commonjs' }
}

// --- in the thread of the hooks ---

let hooksRoot = ''

/** @param {string} root */
export function initialize(root) {
  hooksRoot = root
}

/** @type {(specifier: string, context: object, next: (specifier: string, context: object) => Promise<{ url: string }>) => Promise<object>} */
export async function resolve(specifier, context, next) {
  return inScope(await next(specifier, context), hooksRoot)
}
