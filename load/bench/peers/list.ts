import type { Peer } from './contract.ts'
import { nchan } from './nchan.ts'
import { nginx } from './nginx.ts'
import { postern } from './postern.ts'
import { pushpin } from './pushpin.ts'
import { socketIo } from './socket-io.ts'
import { ws } from './ws.ts'

/** The servers that are compared, the gateway first. */
export const peers: readonly Peer[] = [postern, ws, socketIo, nchan, pushpin, nginx]
