import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { Settings } from '../../config/settings.ts'
import { type ChosenTransport, chooseTransport, type TransportSurroundings } from '../../transport/choose-transport.ts'
import type { CreateTransport } from '../../transport/contract.ts'
import { tlsOptions } from '../tls-options.ts'
import { type Finding, failed, ok, warn } from './look.ts'

const requestLine = 'GET /doctor HTTP/1.1\r\n'
const rest = 'Host: 127.0.0.1\r\nConnection: close\r\n\r\n'
/** Milliseconds between the two parts of a request, so that they come as two segments. */
const gapInMillis = 50
const patienceInMillis = 3_000

/** Looks at the server underneath: which one is chosen and why, and whether it reads request lines in pieces. */
export async function lookAtServer(settings: Settings, surroundings: TransportSurroundings): Promise<Finding[]> {
  const chosen = await chooseTransport(settings, surroundings).catch((error: Error) => error)
  if (chosen instanceof Error) return [failed('server', chosen.message, 'choose transport: node')]
  return [
    ok('server', `${chosen.server}: ${chosen.why}`),
    ...lookAtNeeds(settings, chosen),
    await lookAtRequestLines(chosen),
  ]
}

/** Finds what the settings ask of the server underneath that it can't do. */
export function lookAtNeeds(settings: Settings, { abilities, server }: Pick<ChosenTransport, 'abilities' | 'server'>) {
  const tls = tlsOptions(settings)
  const asks = tls !== null && [tls, ...(tls.domains ?? [])].some(({ clientCa }) => clientCa)
  const isTold = settings.clientCertificateHeader !== null && settings.tls?.clientCa === null
  const needs = [
    settings.proxyProtocol && !abilities.proxyProtocol.can ? 'proxyProtocol' : [],
    asks && !isTold && !abilities.clientCertificates.can ? 'client certificates' : [],
  ].flat()
  return needs.map((need) =>
    failed('server', `${server} can't do ${need}: the start is refused`, 'choose transport: node'),
  )
}

async function lookAtRequestLines({ createTransport, server }: ChosenTransport): Promise<Finding> {
  const look = 'request lines'
  const cuts = await cutsThatFail(createTransport)
  if (cuts.length === 0) return ok(look, 'are read also when they come in two TCP segments')
  const [first = 0] = cuts
  return warn(
    look,
    `${server} refuses a request whose line comes in two TCP segments, at ${cuts.length} of ${requestLine.length - 1} ` +
      `places such as behind ${JSON.stringify(requestLine.slice(0, first))}`,
    'install a newer build of uWebSockets.js (20.57 or later) and name it in uwsModule, or choose transport: node',
  )
}

/** The lengths of a first segment after which a request is not served, tried over loopback. */
export async function cutsThatFail(createTransport: CreateTransport): Promise<number[]> {
  const transport = createTransport(
    {
      ...{ host: '127.0.0.1', port: 0, tls: null, exclusivePort: true, maxMessageBytes: 1024 },
      ...{ maxBufferedBytes: 65_536, pingIntervalInSeconds: 0, compression: false },
    },
    {
      ...{ upgrade() {}, message() {}, pinged() {}, close() {} },
      request: (exchange) => exchange.respond(200, [], null),
    },
  )
  try {
    const port = await transport.listen()
    const cuts = Array.from({ length: requestLine.length - 1 }, (_, i) => i + 1)
    const served = await Promise.all(cuts.map((cut) => isServed(port, cut)))
    return cuts.filter((_, i) => !served[i])
  } finally {
    transport.close()
  }
}

async function isServed(port: number, cut: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const answer = new Promise<string>((resolve) => {
    socket.on('data', (bytes) => resolve(bytes.toString('latin1')))
    socket.on('error', () => resolve(''))
    socket.on('close', () => resolve(''))
  })
  await new Promise<void>((resolve) => socket.write(requestLine.slice(0, cut), () => resolve()))
  await pause(gapInMillis)
  if (!socket.destroyed) socket.write(requestLine.slice(cut) + rest)
  const head = await Promise.race([answer, pause(patienceInMillis, '', { ref: false })])
  socket.destroy()
  return head.startsWith('HTTP/1.1 200 ')
}
