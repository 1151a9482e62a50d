import type { TransportAbilities } from '../../src/transport/abilities.ts'
import { nodeAbilities } from '../../src/transport/node/node-abilities.ts'
import { uwsAbilitiesOf } from '../../src/transport/uws/uws-abilities.ts'
import { loadTestUws } from './test-uws.ts'

/** Whether the test runs over node:http and ws instead of uWebSockets.js. */
export const isOverNode = process.env.POSTERN_TRANSPORT === 'node'

/** The abilities of the server under test. */
export const abilities: TransportAbilities = isOverNode ? nodeAbilities : uwsAbilitiesOf(await loadTestUws())

/** The code that is reported when a client breaks RFC 6455, `code` being the one that tells it so. */
export const faultCode = (code: number) => (abilities.closeFrameOnFault.can ? code : 1006)
