// The program of a function's process: loads the handler, then runs one call after another. Plain JavaScript, since
// Node 20 loads it as it is, from the sources and from the build. `process.ts` is the other side.
import { Socket } from 'node:net'
import { pathToFileURL } from 'node:url'
import { format } from 'node:util'
import { createFrameReader, encodeFrame } from './channel.mjs'

/**
 * @typedef {{ file: string, exportName: string, functionName: string, functionArn: string, memoryInMegabytes: number,
 *   logGroupName: string, logStreamName: string, maxResultBytes: number }} WorkerSettings
 * @typedef {{ call: number, requestId: string, traceId: string, deadline: number }} CallHeader
 * @typedef {{ header: CallHeader, done: boolean }} Call
 * @typedef {{ errorType: string, errorMessage: string, trace: string[] }} FunctionError
 */

const maxEventBytes = 16_777_216
const maxErrorMessage = 65_536
const maxTraceLines = 50

const settings = /** @type {WorkerSettings} */ (JSON.parse(/** @type {string} */ (process.argv[2])))
process.argv.splice(1, 2, settings.file)

const channel = new Socket({ fd: 3, readable: true, writable: true })
/** @type {Call | null} */
let current = null
/** Set once the process has to end: what the handler still says is then not heard. */
let ending = false

/**
 * @param {string} kind
 * @param {string} text
 * @param {() => void} [flushed]
 */
function send(kind, text, flushed) {
  channel.write(encodeFrame(kind + text), flushed)
}

// --- errors, in the form of Lambda's Node.js runtimes ---

/**
 * @param {unknown} error
 * @param {string} [errorType]
 * @returns {FunctionError}
 */
function describe(error, errorType) {
  try {
    if (error instanceof Error || Object.prototype.toString.call(error) === '[object Error]') {
      const { name, message, stack } = /** @type {Error} */ (error)
      return {
        errorType: errorType ?? String(name),
        errorMessage: String(message).slice(0, maxErrorMessage),
        trace: String(stack).slice(0, maxErrorMessage).split('\n').slice(0, maxTraceLines),
      }
    }
    const errorMessage = typeof error === 'string' ? error : format('%O', error)
    return { errorType: errorType ?? typeof error, errorMessage: errorMessage.slice(0, maxErrorMessage), trace: [] }
  } catch {
    // A getter or a toString of the handler's threw.
    return { errorType: errorType ?? 'Error', errorMessage: 'an error that cannot be read', trace: [] }
  }
}

/**
 * Nothing can be trusted after this: the call fails and the gateway starts another process.
 * @param {string} errorType
 * @param {unknown} error
 */
function fail(errorType, error) {
  if (ending) return
  ending = true
  const description = JSON.stringify(describe(error, errorType))
  if (current === null) {
    print('E', '', `${errorType} ${description}`)
    process.exit(1)
  }
  send('E', `${current.header.call}\n${description}`, () => process.exit(1))
}

process.on('uncaughtException', (error) => fail('Runtime.UncaughtException', error))
process.on('unhandledRejection', (error) => fail('Runtime.UnhandledPromiseRejection', error))

// --- console: one record a call, with its level and the id of the request that it belongs to ---

// A handler that prints faster than the gateway reads has to wait, instead of filling its memory, and what is printed
// just before a crash has to arrive. Node.js promises this for pipes, but these are socket pairs.
for (const stream of [process.stdout, process.stderr]) {
  const { _handle: handle } = /** @type {{ _handle?: { setBlocking?: (on: boolean) => void } }} */ (
    /** @type {unknown} */ (stream)
  )
  handle?.setBlocking?.(true)
}

/**
 * @param {string} level
 * @param {string} requestId
 * @param {string} text
 */
function print(level, requestId, text) {
  process.stdout.write(`\u001e${level}${requestId}\t${text.replaceAll('\r\n', '\n').replaceAll('\n', '\r')}\n`)
}

/** @type {[('debug' | 'log' | 'info' | 'warn' | 'error'), string][]} */
const consoleLevels = [
  ['debug', 'D'],
  ['log', 'I'],
  ['info', 'I'],
  ['warn', 'W'],
  ['error', 'E'],
]
for (const [method, level] of consoleLevels) {
  console[method] = (/** @type {unknown[]} */ ...values) =>
    print(level, current?.header.requestId ?? '', format(...values))
}

// --- calls ---

/** @typedef {(event: unknown, context: unknown, callback: (error?: unknown, result?: unknown) => void) => unknown} Handler */

/**
 * @param {Handler} handler
 * @param {CallHeader} header
 * @param {string} eventText
 */
function run(handler, header, eventText) {
  /** @type {Call} */
  const call = { header, done: false }
  current = call
  process.env._X_AMZN_TRACE_ID = header.traceId
  // While a handler runs, only its own work keeps the process from `beforeExit`.
  channel.unref()
  /** @param {unknown} result */
  const succeed = (result) => finish(call, result)
  /** @param {unknown} error */
  const refuse = (error) => finishWith(call, 'E', JSON.stringify(describe(error)))
  /** @param {unknown} [error] @param {unknown} [result] */
  const callback = (error, result) => (error === undefined || error === null ? succeed(result) : refuse(error))
  try {
    const returned = handler(
      JSON.parse(eventText),
      createContext(header, { done: callback, succeed, fail: refuse }),
      callback,
    )
    if (isThenable(returned)) returned.then(succeed, refuse)
    else if (returned !== undefined && handler.length < 3) succeed(returned)
  } catch (error) {
    refuse(error)
  }
}

/**
 * @param {Call} call
 * @param {unknown} result
 */
function finish(call, result) {
  if (call.done) return
  let text
  try {
    text = JSON.stringify(result) ?? 'null'
  } catch (error) {
    return finishWith(call, 'E', JSON.stringify(describe(error, 'Runtime.MarshalError')))
  }
  if (Buffer.byteLength(text) <= settings.maxResultBytes) return finishWith(call, 'S', text)
  const error = new RangeError(
    `Response payload size exceeded maximum allowed payload size (${settings.maxResultBytes} bytes).`,
  )
  finishWith(call, 'E', JSON.stringify(describe(error, 'Function.ResponseSizeTooLarge')))
}

/**
 * @param {Call} call
 * @param {'S' | 'E'} kind
 * @param {string} text
 */
function finishWith(call, kind, text) {
  if (call.done || ending) return
  call.done = true
  current = null
  channel.ref()
  send(kind, `${call.header.call}\n${text}`)
}

// Lambda's rule: a handler that has nothing left to wait for has returned nothing.
process.on('beforeExit', () => {
  if (current !== null) finish(current, null)
})

/**
 * @param {unknown} value
 * @returns {value is PromiseLike<unknown>}
 */
function isThenable(value) {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

/**
 * The context object of the Node.js runtimes ("Using the Lambda context object").
 * @param {CallHeader} header
 * @param {object} legacy
 */
function createContext(header, legacy) {
  return {
    ...legacy,
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: '$LATEST',
    functionName: settings.functionName,
    memoryLimitInMB: String(settings.memoryInMegabytes),
    logGroupName: settings.logGroupName,
    logStreamName: settings.logStreamName,
    invokedFunctionArn: settings.functionArn,
    awsRequestId: header.requestId,
    getRemainingTimeInMillis: () => Math.max(0, header.deadline - Date.now()),
  }
}

// --- start ---

/** @returns {Promise<Handler>} */
async function loadHandler() {
  /** @type {unknown} */
  let value = await import(pathToFileURL(settings.file).href)
  const path = settings.exportName.split('.')
  const first = /** @type {string} */ (path[0])
  // A CommonJS module whose exports Node cannot name beforehand has them on `default` only.
  if (!hasMember(value, first) && hasMember(value, 'default')) value = value.default
  for (const name of path) {
    if (!hasMember(value, name)) value = undefined
    else value = value[name]
  }
  if (typeof value === 'function') return /** @type {Handler} */ (value)
  const error = new Error(`${settings.exportName} is undefined or not exported by ${settings.file}`)
  error.name = value === undefined ? 'Runtime.HandlerNotFound' : 'Runtime.HandlerNotFunction'
  throw error
}

/**
 * @param {unknown} value
 * @param {string} name
 * @returns {value is Record<string, unknown>}
 */
function hasMember(value, name) {
  return value !== null && (typeof value === 'object' || typeof value === 'function') && name in value
}

/** @param {unknown} error */
function loadErrorType(error) {
  if (error instanceof SyntaxError) return 'Runtime.UserCodeSyntaxError'
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND' ? 'Runtime.ImportModuleError' : undefined
}

channel.on('error', () => process.kill(process.pid, 'SIGKILL'))
// The gateway is gone, in whatever way: nobody wants a result.
channel.on('end', () => process.kill(process.pid, 'SIGKILL'))

try {
  const handler = await loadHandler()
  const read = createFrameReader(maxEventBytes, (text) => {
    const end = text.indexOf('\n')
    run(handler, JSON.parse(text.slice(0, end)), text.slice(end + 1))
  })
  channel.on('data', read)
  send('R', '')
} catch (error) {
  ending = true
  send('F', JSON.stringify(describe(error, loadErrorType(error))), () => process.exit(1))
}
