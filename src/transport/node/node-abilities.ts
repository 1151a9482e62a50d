import type { TransportAbilities } from '../abilities.ts'
import { canSharePort } from './shared-port.ts'

/** The abilities of the server on node:http and ws. */
export const nodeAbilities: TransportAbilities = {
  everyNode: { can: true, note: 'Every Node.js from 20 on, glibc or musl.' },
  sharedPort: {
    can: canSharePort(process.versions.node, process.platform),
    note: 'On Linux with Node.js 22.12, 23.1 or later; before, workers are refused at start.',
  },
  cutRequestLine: { can: true, note: 'Served, wherever it is cut.' },
  http10: { can: true, note: 'Served, one request a connection unless `Connection: keep-alive` asks for more.' },
  strictFraming: { can: true, note: 'Answered 400, and the connection is closed.' },
  headerLineFaults: { can: true, note: 'Answered 400, and the connection is closed.' },
  secondHostSeen: { can: true, note: 'Answered 400, logged and counted as all doubtful framing.' },
  unfinishedRequests: { can: true, note: 'Dropped after 10 seconds, or a little more.' },
  anyMethod: { can: false, note: 'Answered 400: the parser takes the registered methods only.' },
  proxyProtocol: {
    can: true,
    note: 'Versions 1 and 2, from trusted proxies, at the start of a connection, also before TLS.',
  },
  unaskedProxyHeader: { can: true, note: 'Answered 400, and the connection is closed.' },
  headerSpelling: { can: true, note: "Events have names in the client's spelling." },
  framesWithHandshake: { can: true, note: 'Delivered once the handshake is accepted.' },
  maskedFrames: { can: true, note: 'Refused with 1002 (RFC 6455 §5.1).' },
  clientCloseCodes: { can: true, note: '1000 to 1003, 1007 to 1014 and 3000 to 4999 arrive as they are.' },
  closeFrameOnFault: { can: true, note: 'Told so with 1002, 1007 or 1009, which `$disconnect` reports, too.' },
  deflateOffers: { can: true, note: 'Declined; the connection goes on without compression.' },
  truncatedDeflate: { can: true, note: 'Refused with 1007.' },
  compressesOnce: { can: true, note: 'Compressed once for all clients whose window has the same size.' },
  frameLimit: { can: true, note: 'Possible: a larger frame ends the connection with 1009, as AWS does above 32 KB.' },
  domainCertificates: { can: true, note: 'However a client spells the name.' },
  clientCertificates: {
    can: true,
    note: 'Possible: asked for and checked where a file of authorities is given, by domain.',
  },
  pingInterval: { can: true, note: 'Any number of seconds.' },
}
