// Signals that come before the program can act on them. The first thing that is loaded, so that as little as possible of
// the start is without it; in syntax that any Node.js can read, as `postern.cjs`.
'use strict'

/**
 * The signals that would end a process which is only starting, and mean something else once it serves. A worker does
 * what its parent says: none ends it. Any other command is ended by them, as a user expects.
 *
 * @type {Record<string, NodeJS.Signals[]>}
 */
var heldBy = {
  start: ['SIGHUP', 'SIGUSR2'],
  'worker-process': ['SIGHUP', 'SIGUSR2', 'SIGINT', 'SIGTERM'],
}

/** @type {Record<string, { came: boolean, note: () => void }>} */
var holding = {}

/** @param {NodeJS.Signals} signal */
function hold(signal) {
  var each = {
    came: false,
    note: function () {
      each.came = true
    },
  }
  holding[signal] = each
  process.on(signal, each.note)
}

var command = process.argv[2] || ''
var signals = Object.prototype.hasOwnProperty.call(heldBy, command) ? heldBy[command] : undefined
if (signals !== undefined) signals.forEach(hold)

/**
 * Hands a signal over: from now on it is the listener's, which is called soon when the signal has come already.
 *
 * @param {NodeJS.Signals} signal
 * @param {() => void} listener
 */
exports.handOver = function handOver(signal, listener) {
  var each = holding[signal]
  if (each === undefined) return
  delete holding[signal]
  process.removeListener(signal, each.note)
  if (each.came) setImmediate(listener)
}
