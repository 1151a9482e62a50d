import type { TransportAbilities } from '../abilities.ts'

/** The abilities of uWebSockets.js, as the build does it that comes with the gateway. */
export const uwsAbilities: TransportAbilities = {
  everyNode: {
    can: false,
    note: 'Node.js 20 and 22 with glibc. Builds of its author that an operator installs are for later lines, too.',
  },
  sharedPort: { can: true, note: 'They share it on every Node.js that a build loads on.' },
  cutRequestLine: {
    can: false,
    note: 'Answered 505 where the cut is behind the method or in ` HTTP/1.1`; builds of 20.57 serve it, and `postern doctor` tries.',
  },
  http10: {
    can: false,
    note: 'Answered 505. A proxy in front has to speak HTTP/1.1 (nginx: `proxy_http_version 1.1`).',
  },
  strictFraming: {
    can: false,
    note: 'Answered 400 where its parser shows it; what it hides is [below](#what-uwebsocketsjs-hides).',
  },
  anyMethod: { can: true, note: 'Handed on as they are.' },
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
  frameLimit: {
    can: false,
    note: 'Fragments are put together before anybody sees their size; only messages have a limit.',
  },
  clientCertificates: { can: false, note: 'Not possible: a proxy in front has to ask for them.' },
  pingInterval: { can: false, note: '4 to 944 seconds; what is outside is moved to the nearest.' },
}
