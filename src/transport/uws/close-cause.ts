import type { CloseCause } from '../contract.ts'

/** The texts that uWebSockets.js gives in place of a close reason when it drops a connection; the code is 1006 then. */
const dropTexts: Readonly<Record<string, CloseCause>> = {
  'Received too big message': 'protocol',
  'Received too big message, or other inflation error': 'protocol',
  'Received invalid UTF-8': 'protocol',
  'Received invalid close payload': 'protocol',
  'Received invalid WebSocket frame': 'protocol',
  'WebSocket timed out from inactivity': 'unresponsive',
  'Received TCP FIN before WebSocket close frame': 'lost',
}

/**
 * Tells who ended a socket that this side did not end. RFC 6455 §7.4.1 keeps 1006 off the wire, so with that code the
 * text is never the client's.
 */
export function closeCause(code: number, text: string): CloseCause {
  return code === 1006 ? (dropTexts[text] ?? 'lost') : 'client'
}
