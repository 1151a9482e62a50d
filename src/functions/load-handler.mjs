// Plain JavaScript: the process of a function loads this file as it is, from the sources and from the build.
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { isCommonJs, keepPackageScope } from './package-scope.mjs'

/** @typedef {(event: unknown, context: unknown, callback: (error?: unknown, result?: unknown) => void) => unknown} Handler */

/**
 * Loads a handler as Lambda's Node.js runtimes do: CommonJS with `require`, so that `default` is the member
 * `module.exports.default`, and ES modules with `import`. `root` is the deployment's root, which no package.json above
 * it has a say in. Rejects with what loading threw, or with an error named Runtime.HandlerNotFound or
 * Runtime.HandlerNotFunction.
 * @param {{ file: string, exportName: string, root: string }} handler
 * @returns {Promise<Handler>}
 */
export async function loadHandler({ file, exportName, root }) {
  await keepPackageScope(root)
  /** @type {unknown} */
  let value = isCommonJs(file, root) ? createRequire(file)(file) : await import(pathToFileURL(file).href)
  for (const name of exportName.split('.')) {
    if (!hasMember(value, name)) value = undefined
    else value = value[name]
  }
  if (typeof value === 'function') return /** @type {Handler} */ (value)
  const error = new Error(
    `${exportName} is ${value === undefined ? 'undefined or not exported' : 'no function'} in ${file}`,
  )
  error.name = value === undefined ? 'Runtime.HandlerNotFound' : 'Runtime.HandlerNotFunction'
  throw error
}

/**
 * The type of error that Lambda's runtimes give to what loading threw; undefined for its own.
 * @param {unknown} error
 */
export function loadErrorType(error) {
  if (error instanceof SyntaxError) return 'Runtime.UserCodeSyntaxError'
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND' ? 'Runtime.ImportModuleError' : undefined
}

/**
 * @param {unknown} value
 * @param {string} name
 * @returns {value is Record<string, unknown>}
 */
function hasMember(value, name) {
  return value !== null && (typeof value === 'object' || typeof value === 'function') && name in value
}
