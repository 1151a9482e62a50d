/**
 * Every way in which a connection can end, by name. `code` and `text` are what `$disconnect` reports and, where
 * the gateway closes, what the client gets in the close frame. The name is the `reason` label of
 * `postern_closes_total`; docs/errors-and-closes.md is made from here.
 */
export const closeReasons = {
  clientClosed: row(1000, '', 'client', 'The client sent a close frame; its own code and reason are reported.'),
  clientClosedWithoutStatus: row(
    1005,
    'Client-side close frame status not set',
    'client',
    'The client sent a close frame without a status.',
  ),
  connectionLost: row(
    1006,
    'Connection closed abnormally',
    'network',
    'The TCP connection ended without a close frame.',
  ),
  peerUnresponsive: row(1006, 'Connection closed abnormally', 'network', 'The client answered no ping in time.'),
  protocolError: row(
    1006,
    'Connection closed abnormally',
    'client',
    'The client broke RFC 6455: a bad opcode, a reserved bit, invalid UTF-8. Over Node it is told so, and 1002 or 1007 is reported.',
  ),
  workerLost: row(
    1006,
    'Worker lost',
    'network',
    'The worker that held the connection died or was cut off; another worker reports it.',
  ),
  binaryNotSupported: row(1003, 'Binary is not supported', 'gateway', 'A binary frame came.'),
  messageTooBig: row(1009, 'Message too big', 'gateway', 'A message, or a reply to be sent, is larger than 128 KB.'),
  idleTimeout: row(1001, 'Going away', 'gateway', 'No data in either direction for idleTimeoutInSeconds.'),
  lifetimeReached: row(1001, 'Going away', 'gateway', 'The connection is as old as connectionLifetimeInSeconds.'),
  tokenExpired: row(
    3000,
    'Token expired',
    'gateway',
    'tokenExpiry is CLOSE, and the token has ended with which the client came, or its newest one.',
  ),
  keyRevoked: row(
    3000,
    'Key revoked',
    'gateway',
    'A reload of settings: the API key or access key that the client came with is removed, switched off or another now.',
  ),
  credentialsRevoked: row(
    3000,
    'Credentials revoked',
    'gateway',
    'The token, the user or the API key of the client was put on the list of revocations.',
  ),
  shuttingDown: row(1001, 'Going away', 'gateway', 'This node drains; connect again and another one answers.'),
  stageRemoved: row(1001, 'Going away', 'gateway', 'The API or stage is no longer served.'),
  workerBuried: row(
    1001,
    'Going away',
    'gateway',
    'This worker was taken for dead (it stood still, or was cut off from Redis); connect again.',
  ),
  deletedByBackend: row(
    1000,
    'Connection Closed Normally',
    'backend',
    'DELETE @connections, with its own code and reason where it gave them.',
  ),
  slowConsumer: row(
    1008,
    'Slow consumer',
    'gateway',
    "A reply did not fit into the client's outbound buffer, or a message to many, where slowConsumer is CLOSE.",
  ),
  orderedQueueFull: row(
    1008,
    'Too many messages waiting',
    'gateway',
    'messageOrdering is CONNECTION and too many messages wait for their turn.',
  ),
  tooManyBytesHeld: row(
    1013,
    'Too many bytes waiting',
    'gateway',
    'This worker stood still, and more came than it may hold until it knows whether it still serves; connect again.',
  ),
} as const

export type CloseReasonName = keyof typeof closeReasons

function row(code: number, text: string, by: 'client' | 'network' | 'gateway' | 'backend', when: string) {
  return { code, text, by, when }
}
