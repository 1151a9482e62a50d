import { errorSentence } from '../vocabulary/function-error.ts'
import { type CodePlace, codePlace } from './code-place.ts'
import { locateHandler } from './handler.ts'
import { type LocalFunction, processSettings } from './pools.ts'
import { startProcess } from './process.ts'
import { createProcessTrees } from './process-trees.ts'

const loadTimeoutInMillis = 10_000
/** Characters of what the process says on stderr, where Node.js names the place of a syntax error. */
const maxStderr = 65_536

/** The reason why a handler can't be loaded. */
export interface HandlerFault {
  /** One sentence. */
  readonly message: string
  /** The place in the code; null when it is none, as of a missing export. */
  readonly place: CodePlace | null
}

/**
 * Loads a handler in a process of its own, as a call would, and calls nothing: what its modules do when they are loaded
 * is done. Resolves with null when it can be called. Ends the process, and what it has started, in any case.
 */
export function findHandlerFault(local: LocalFunction, region: string): Promise<HandlerFault | null> {
  const location = locateHandler(local.directory, local.definition.handler)
  if (typeof location === 'string') return Promise.resolve({ message: location, place: null })
  const trees = createProcessTrees()
  let fault: HandlerFault | null = null
  let loaded = false
  let stderr = ''
  return new Promise((resolve) => {
    const tooLong = setTimeout(() => {
      fault = { message: `it did not load in ${loadTimeoutInMillis / 1000} s`, place: null }
      child.kill()
    }, loadTimeoutInMillis)
    const child = startProcess(
      { ...processSettings(local, region), ...location },
      {
        ready() {
          loaded = true
          child.kill()
        },
        notLoaded({ text }) {
          fault ??= { message: firstLine(errorSentence(text)), place: codePlace(text) }
        },
        returned() {},
        failed() {},
        broke() {},
        exited(how) {
          clearTimeout(tooLong)
          trees.close()
          if (loaded && fault === null) return resolve(null)
          const { message, place } = fault ?? { message: `the process ended while it was loaded: ${how}`, place: null }
          resolve({ message: withRemedy(message, location.file), place: codePlace(stderr) ?? place })
        },
      },
      trees,
    )
    child.output?.stdout.resume()
    child.output?.stderr.on('data', (chunk: Buffer) => {
      if (stderr.length < maxStderr) stderr += chunk.toString()
    })
  })
}

/** The first line of a sentence: Node.js puts a list of files behind what is missing. */
function firstLine(text: string): string {
  return text.split('\n', 1)[0] as string
}

function withRemedy(message: string, file: string): string {
  const isModule = /outside a module|Unexpected token 'export'|import\.meta/.test(message)
  if (!isModule || !file.endsWith('.js')) return message
  return `${message}; a .js file is CommonJS, as on Lambda: name it .mjs, or say "type": "module" in a package.json beside api.yaml`
}
