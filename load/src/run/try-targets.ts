import { type Endpoint, RawConnection } from '../client/raw-connection.ts'
import { describeError, LoadSocket } from '../client/web-socket.ts'
import type { Scenario } from '../scenario/read-scenario.ts'
import { clientValues } from '../worker/client-values.ts'
import { createConnector, endpointOf } from '../worker/connector.ts'
import { httpUrlsOf, knownAuthority, shownUrl } from './target-addresses.ts'

/**
 * Tries every address that a run sends to, before it begins: a WebSocket is opened at each target, as its first client
 * would do it, and closed; where only HTTP requests go, a connection is made. Resolves with a sentence for each that is
 * not there.
 */
export async function tryTargets(scenario: Scenario): Promise<string[]> {
  const sockets = Array.from(
    { length: Math.min(scenario.definition.target?.length ?? 0, scenario.clients) },
    (_, index) => trySocket(scenario, index),
  )
  const tried = await Promise.all([...sockets, ...httpUrlsOf(scenario).map((url) => tryHttp(scenario, url))])
  return [...new Set(tried.filter((problem) => problem !== null))]
}

const traffic = () => ({ bytesOut: 0, bytesIn: 0 })

/** The client of that number opens a WebSocket and closes it; null when that went well. */
async function trySocket(scenario: Scenario, index: number): Promise<string | null> {
  const { definition, ca } = scenario
  const { connection } = definition
  const connector = createConnector({ scenario: definition, ca })
  const client = clientValues({ scenario: definition, data: scenario.data, env: scenario.env }, index)
  const url = shownUrl(connector.urlOf(client).href)
  return new Promise((resolve) => {
    const socket = new LoadSocket(
      {
        endpoint: connector.endpointOf(client),
        handshake: connector.handshakeOf(client),
        ...{ subprotocols: connection.subprotocols, wantsPayload: false, traffic: traffic() },
      },
      {
        opened() {
          clearTimeout(timer)
          socket.close(1000)
        },
        refused({ kind, message }) {
          clearTimeout(timer)
          const answered = kind === 'handshakeStatus' ? `the handshake was answered with ${message}` : message
          resolve(`no connection could be opened: ${answered}, at ${url}`)
        },
        ended: () => resolve(null),
        message() {},
        batch() {},
      },
    )
    const timer = setTimeout(() => {
      resolve(`no connection could be opened: no answer within ${connection.timeout / 1000} s, at ${url}`)
      socket.destroy()
    }, connection.timeout)
  })
}

/** Connects to the server of a URL; null when that went well, or when only a template says where it is. */
async function tryHttp({ definition, ca }: Scenario, text: string): Promise<string | null> {
  const url = knownAuthority(text)
  if (url === null) return null
  const { tls, timeout } = definition.connection
  const endpoint: Endpoint = endpointOf(url, { verify: tls.verify, ca: ca ?? undefined })
  const { socket, opened } = new RawConnection(endpoint)
  socket.setTimeout(timeout, () => socket.destroy(new Error(`no answer within ${timeout / 1000} s`)))
  const problem = await opened.then(
    () => null,
    (error: NodeJS.ErrnoException) => `no connection could be opened: ${describeError(error)}, at ${shownUrl(text)}`,
  )
  socket.destroy()
  return problem
}
