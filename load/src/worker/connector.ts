import { handshakeBytes } from '../client/handshake.ts'
import type { Endpoint } from '../client/raw-connection.ts'
import { type ClientValues, compileTemplate, noMessage, type Template } from '../scenario/template.ts'
import type { WorkerPlan } from './plan.ts'

/** The address that a client connects to, and the handshake that it sends there. */
export interface Connector {
  /** The client's target, with whatever its templates put into it. */
  urlOf(client: ClientValues): URL
  endpointOf(client: ClientValues): Endpoint
  handshakeOf(client: ClientValues): Buffer
  /** The client's target as http or https, without the query. */
  httpUrlOf(client: ClientValues): string
}

export function createConnector({ scenario, ca }: Pick<WorkerPlan, 'scenario' | 'ca'>): Connector {
  const targets = (scenario.target ?? []).map((each) => compileTemplate(each, 'url'))
  const { connection } = scenario
  const headers = Object.entries(connection.headers).map(
    ([name, value]) => [name, compileTemplate(value, 'header')] as const,
  )
  const { sourceAddresses, subprotocols, tls } = connection

  const urlOf = (client: ClientValues) => {
    const target = targets[client.index % targets.length] as Template
    return new URL(target.render(client, noMessage))
  }
  return {
    urlOf,
    endpointOf: (client) => ({
      ...endpointOf(urlOf(client), { verify: tls.verify, ca: ca ?? undefined }),
      localAddress: sourceAddresses[client.index % Math.max(1, sourceAddresses.length)],
    }),
    handshakeOf(client) {
      const { host, pathname, search } = urlOf(client)
      const rendered = headers.map(([name, value]) => [name, value.render(client, noMessage)])
      return handshakeBytes({ path: pathname + search, host, headers: Object.fromEntries(rendered), subprotocols })
    },
    httpUrlOf(client) {
      const { protocol, host, pathname } = urlOf(client)
      return `${protocol === 'wss:' ? 'https:' : 'http:'}//${host}${pathname.replace(/\/$/, '')}`
    },
  }
}

/** The endpoint of a ws, wss, http or https URL. */
export function endpointOf(
  { protocol, hostname, port }: URL,
  tls: { verify: boolean; ca?: string | undefined },
): Endpoint {
  const isSecure = protocol === 'wss:' || protocol === 'https:'
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (isSecure ? 443 : 80) : Number(port),
    tls: isSecure ? tls : null,
  }
}
