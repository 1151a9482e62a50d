import type { TransportAbilities } from '../abilities.ts'
import type { UwsBuild } from './load-uws.ts'

/** The abilities of uWebSockets.js, as the build does it that comes with the gateway. */
export const uwsAbilities: TransportAbilities = {
  everyNode: {
    can: false,
    note: 'Node.js 20 and 22 with glibc.',
  },
  sharedPort: { can: true, note: 'They share it on every Node.js that a build loads on.' },
  cutRequestLine: {
    can: false,
    note: 'Answered 505 where the cut is behind the method or in ` HTTP/1.1`; `postern doctor` tries.',
  },
  http10: {
    can: false,
    note: 'Answered 505. A proxy in front has to speak HTTP/1.1 (nginx: `proxy_http_version 1.1`).',
  },
  strictFraming: {
    can: false,
    note: 'Answered 400 where its parser shows it; what it hides is [below](#what-uwebsocketsjs-hides).',
  },
  headerLineFaults: { can: false, note: 'Not answered: the connection waits until it times out.' },
  secondHostSeen: { can: true, note: 'Answered 400, logged and counted as all doubtful framing.' },
  unfinishedRequests: { can: true, note: 'Dropped after 10 seconds, or a little more.' },
  anyMethod: { can: true, note: 'Handed on as they are.' },
  proxyProtocol: {
    can: false,
    note: 'Refused at the start: its parser takes a header before every request of a connection, also one of the client.',
  },
  unaskedProxyHeader: { can: false, note: 'Skipped; the address in it is not believed.' },
  headerSpelling: { can: false, note: 'Names come in lower case; the usual ones get their usual spelling in events.' },
  framesWithHandshake: {
    can: false,
    note: 'Lost, or the end of the connection. A client has to wait for the 101 before it sends.',
  },
  maskedFrames: { can: false, note: 'Read as if they had a mask: that bit is not looked at.' },
  clientCloseCodes: { can: false, note: '1000 to 1011 and 4000 to 4999 arrive; others are reported as 1006.' },
  closeFrameOnFault: { can: false, note: 'Dropped without a close frame, and reported as 1006.' },
  deflateOffers: { can: false, note: 'Agreed to.' },
  truncatedDeflate: { can: false, note: 'What could be inflated is delivered.' },
  compressesOnce: {
    can: false,
    note: 'Compressed for each client by itself: there is no call that takes what is compressed already.',
  },
  frameLimit: {
    can: false,
    note: 'Fragments are put together before anybody sees their size; only messages have a limit.',
  },
  domainCertificates: {
    can: false,
    note: 'For names in lower case, as browsers write them. Each writes two lines of its own to standard output.',
  },
  clientCertificates: { can: false, note: 'Not possible: a proxy in front has to ask for them, and tell.' },
  pingInterval: { can: false, note: '4 to 944 seconds; what is outside is moved to the nearest.' },
}

/** The abilities of a build of uWebSockets.js 20.57 or later, which an operator has installed. */
export const newUwsAbilities: TransportAbilities = {
  ...uwsAbilities,
  everyNode: { can: false, note: 'Node.js 20, 22, 24 and 25 with glibc 2.38 or later.' },
  cutRequestLine: { can: true, note: 'Served, wherever it is cut.' },
  headerLineFaults: { can: true, note: 'Answered 400, and the connection is closed.' },
  secondHostSeen: {
    can: false,
    note: 'Answered 400 by the parser: without a body of ours, and not in log or metrics.',
  },
  unfinishedRequests: { can: false, note: 'Dropped after 30 seconds, or a little more.' },
}

const firstNewRelease = [20, 57] as const

/**
 * Gives the abilities of a build by what its `package.json` says. `uws-pack` counts its own releases, and is an older
 * build; any other package is taken to have the numbers of the author.
 */
export function uwsAbilitiesOf({ name, version }: Pick<UwsBuild, 'name' | 'version'>): TransportAbilities {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [firstMajor, firstMinor] = firstNewRelease
  const isNew = major > firstMajor || (major === firstMajor && minor >= firstMinor)
  return name !== 'uws-pack' && isNew ? newUwsAbilities : uwsAbilities
}
