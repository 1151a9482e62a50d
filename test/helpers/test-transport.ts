import type { TransportWish } from '../../src/transport/choose-transport.ts'
import { nodeAbilities } from '../../src/transport/node/node-abilities.ts'

/** The server underneath that the project of the running test says: see `vitest.config.ts`. */
export const testTransport = (process.env.POSTERN_TRANSPORT ?? 'auto') as TransportWish['transport']

/** The build of uWebSockets.js that whoever runs the tests has named; null for the one that comes with the gateway. */
export const testUwsModule: string | null = process.env.POSTERN_UWS_MODULE || null

/** Both of the above as flags, for a gateway in the process of the test: it reads no environment. */
export const transportFlags: Record<string, string> = {
  transport: testTransport,
  ...(testUwsModule === null ? {} : { uwsModule: testUwsModule }),
}

/** Whether several workers can share a port over it on this Node.js. */
export const workersCanRun: boolean = testTransport !== 'node' || nodeAbilities.sharedPort.can
