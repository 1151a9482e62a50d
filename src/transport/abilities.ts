/**
 * The points in which servers underneath differ, by name, with the title of each: the rows of `docs/servers.md`.
 * Whatever is not among them is the same on every server.
 */
export const abilityTitles = {
  everyNode: 'Node.js and C libraries',
  sharedPort: 'Several workers on one port',
  cutRequestLine: 'A request line that comes in pieces',
  http10: 'HTTP/1.0',
  strictFraming: 'Doubtful framing of requests',
  headerLineFaults: 'Header lines that are folded, have no colon, a space before it, or control characters',
  secondHostSeen: 'A second Host',
  unfinishedRequests: 'Requests that do not come to an end',
  anyMethod: 'Methods that no standard names',
  proxyProtocol: 'proxyProtocol',
  unaskedProxyHeader: 'A PROXY protocol header that nobody asked for',
  headerSpelling: 'Spelling of header names',
  framesWithHandshake: 'Frames in the same segment as the handshake',
  maskedFrames: 'Frames without a mask',
  clientCloseCodes: 'Close codes of clients',
  closeFrameOnFault: 'A client that breaks RFC 6455',
  deflateOffers: 'Offers of permessage-deflate that cannot be kept',
  truncatedDeflate: 'Compressed messages that are cut short',
  compressesOnce: 'A message for many, with compression',
  frameLimit: 'A limit on single frames',
  domainCertificates: 'Certificates of domains',
  clientCertificates: 'Client certificates',
  pingInterval: 'pingIntervalInSeconds',
} as const

export type AbilityName = keyof typeof abilityTitles

/** One point of a server underneath. */
export interface Ability {
  /** Whether the server does what the standard, or AWS, would have; the tests expect it then, and `note` otherwise. */
  readonly can: boolean
  /** The behaviour of the server, in a sentence or two for operators. */
  readonly note: string
}

/** All that a server underneath does in its own way. */
export type TransportAbilities = Readonly<Record<AbilityName, Ability>>
