import type { HandshakeStep } from '../../../src/gateway/handshake-steps.ts'

/** Lets clients in from eight to six, UTC. */
export const checkBusinessHours: HandshakeStep = ({ connection }) => {
  const hour = new Date(connection.connectedAt).getUTCHours()
  return hour >= 8 && hour < 18 ? null : 'TOO_MANY_REQUESTS'
}
