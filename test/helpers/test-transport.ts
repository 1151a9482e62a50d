import type { TransportWish } from '../../src/transport/choose-transport.ts'
import { nodeAbilities } from '../../src/transport/node/node-abilities.ts'

/** The server underneath that the project of the running test says: see `vitest.config.ts`. */
export const testTransport = (process.env.POSTERN_TRANSPORT ?? 'auto') as TransportWish['transport']

/** Whether several workers can share a port over it on this Node.js. */
export const workersCanRun: boolean = testTransport !== 'node' || nodeAbilities.sharedPort.can
