import type { Socket } from 'node:net'

const lingerInMillis = 2000

/**
 * Ends a connection after what was written last, and drops what still comes for two seconds or until the client ends
 * it, too: closed at once, it would be reset where bytes are unread, and the client might lose the answer.
 */
export function endGently(socket: Socket, last?: string): void {
  socket.on('error', ignore)
  if (last === undefined) socket.end()
  else socket.end(last)
  socket.resume()
  const timer = setTimeout(() => socket.destroy(), lingerInMillis)
  socket.once('close', () => clearTimeout(timer))
}

/** A listener to `error`, which `close` follows. */
function ignore(): void {}
