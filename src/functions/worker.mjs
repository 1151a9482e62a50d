// The program of a function's process: loads the handler, then runs one call after another. Plain JavaScript, since
// Node 20 loads it as it is, from the sources and from the build. `process.ts` is the other side.
import { Socket } from 'node:net'
import { format } from 'node:util'
import { createFrameReader, encodeFrame } from './channel.mjs'
import { describeError, detailError } from './describe-error.mjs'
import { loadErrorType, loadHandler } from './load-handler.mjs'

/**
 * @typedef {{ file: string, exportName: string, root: string, functionName: string, functionArn: string, memoryInMegabytes: number,
 *   logGroupName: string, logStreamName: string, maxResultBytes: number }} WorkerSettings
 * @typedef {{ call: number, requestId: string, traceId: string, deadline: number }} CallHeader
 * @typedef {{ header: CallHeader, done: boolean }} Call
 * @typedef {import('./load-handler.mjs').Handler} Handler
 */

const maxEventBytes = 16_777_216

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

// --- errors ---

/**
 * An error on its way through the channel: what the caller gets of it, a line feed, and what the log gets.
 * @param {unknown} error
 * @param {string} [errorType]
 */
function errorFrame(error, errorType) {
  return `${JSON.stringify(describeError(error, errorType))}\n${JSON.stringify(detailError(error, errorType))}`
}

/**
 * Nothing can be trusted after this: the call fails and the gateway starts another process.
 * @param {string} errorType
 * @param {unknown} error
 */
function fail(errorType, error) {
  if (ending) return
  ending = true
  if (current === null) {
    print('E', '', `${errorType} ${JSON.stringify(describeError(error, errorType))}`)
    send('B', errorFrame(error, errorType), () => process.exit(1))
  } else send('E', `${current.header.call}\n${errorFrame(error, errorType)}`, () => process.exit(1))
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
  const refuse = (error) => finishWith(call, 'E', errorFrame(error))
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
    return finishWith(call, 'E', errorFrame(error, 'Runtime.MarshalError'))
  }
  if (Buffer.byteLength(text) <= settings.maxResultBytes) return finishWith(call, 'S', text)
  const error = new RangeError(
    `Response payload size exceeded maximum allowed payload size (${settings.maxResultBytes} bytes).`,
  )
  finishWith(call, 'E', errorFrame(error, 'Function.ResponseSizeTooLarge'))
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

channel.on('error', () => process.kill(process.pid, 'SIGKILL'))
// The gateway is gone, in whatever way: nobody wants a result.
channel.on('end', () => process.kill(process.pid, 'SIGKILL'))

try {
  const handler = await loadHandler(settings)
  const read = createFrameReader(maxEventBytes, (text) => {
    const end = text.indexOf('\n')
    run(handler, JSON.parse(text.slice(0, end)), text.slice(end + 1))
  })
  channel.on('data', read)
  send('R', '')
} catch (error) {
  ending = true
  send('F', errorFrame(error, loadErrorType(error)), () => {
    if (!(error instanceof SyntaxError) || hasPlace(error)) process.exit(1)
    // Node.js knows the file and the line of an ES module's syntax error, and tells them only to those who read its
    // last words.
    process.removeAllListeners('uncaughtException')
    setImmediate(() => {
      throw error
    })
  })
}

/** @param {SyntaxError} error */
function hasPlace({ stack }) {
  return /^[^\n]+:\d+\n/.test(String(stack))
}
