import type { HandshakeRequest } from '../authorizers/contract.ts'
import type { ConnectEvent, ConnectRequest } from '../events/connect-event.ts'
import type { CommonLimits } from '../limits/contract.ts'
import type { Group, Groups, Preparation } from '../registry/group-contract.ts'
import type { RevocationCheck } from '../revocations/contract.ts'
import type { WebSocketStage } from '../stages/websocket-stage.ts'
import type { Upgrade } from '../transport/contract.ts'
import type { ClientAddress } from '../vocabulary/client-address.ts'
import type { HeaderList } from '../vocabulary/headers.ts'
import { copyConnectRequest } from './connect-request.ts'
import type { Connection } from './connection.ts'

/** The parts of a handshake that are known when its connection id is given out. */
export interface HandshakeParts {
  readonly upgrade: Upgrade<Connection>
  readonly stage: WebSocketStage
  readonly connection: Connection
  readonly event: ConnectEvent
  readonly client: ClientAddress
  readonly limits: CommonLimits
  readonly revocations: RevocationCheck
  readonly groups: Pick<Groups, 'prepare'>
  /** A header that is nobody's to see, in lower case; null for none. */
  readonly hidden: string | null
}

/**
 * A handshake on its way through the steps, with everything that they may ask for. The request is read from the server
 * underneath as long as that is possible, and from a copy once a step has had to wait: no step has to know which.
 */
export class Handshake implements HandshakeRequest {
  readonly upgrade: Upgrade<Connection>
  readonly stage: WebSocketStage
  readonly connection: Connection
  readonly event: ConnectEvent
  /** The subprotocol that the backend has chosen; null for none. */
  protocol: string | null = null
  /** Whether the `$connect` route was asked: its backend then has to hear of the end. */
  asked = false
  /** Whether the backend has said yes: it then has to hear of the end, also of a client that is not let in after all. */
  admitted = false
  /** The groups that the connection joins; null for none. */
  joins: readonly Group[] | null = null
  /** The wait until others can find those groups here; null for none. */
  preparation: Preparation | null = null
  /** The value of the API key that the authorizer has named; null for none. */
  usageIdentifierKey: string | null = null
  /** Whether a step has had to wait. */
  waited = false
  readonly client: ClientAddress
  readonly limits: CommonLimits
  readonly revocations: RevocationCheck
  readonly groups: Pick<Groups, 'prepare'>
  readonly #hidden: string | null
  #copy: RequestCopy | null = null

  constructor({ upgrade, stage, connection, event, client, limits, revocations, groups, hidden }: HandshakeParts) {
    this.upgrade = upgrade
    this.stage = stage
    this.connection = connection
    this.event = event
    this.client = client
    this.#hidden = hidden
    this.limits = limits
    this.revocations = revocations
    this.groups = groups
  }

  get path(): string {
    return this.#copy === null ? this.upgrade.request.path : this.#copy.path
  }

  get query(): string {
    return this.#copy === null ? this.upgrade.request.query : this.#copy.query
  }

  header(lowerCaseName: string): string {
    if (lowerCaseName === this.#hidden) return ''
    if (this.#copy === null) return this.upgrade.request.header(lowerCaseName)
    return this.#copy.headers.find(([name]) => name.toLowerCase() === lowerCaseName)?.[1] ?? ''
  }

  headers(): HeaderList {
    if (this.#copy !== null) return this.#copy.headers
    const headers = this.upgrade.request.headers()
    return this.#hidden === null ? headers : headers.filter(([name]) => name.toLowerCase() !== this.#hidden)
  }

  clientCertificate(): string | null {
    return this.#copy === null ? this.upgrade.request.clientCertificate() : this.#copy.clientCertificate
  }

  /** Copies the request, which can't be read after the synchronous part of its handler. Safe to call again. */
  copyRequest(): void {
    if (this.#copy !== null) return
    const { path, query } = this
    this.#copy = { path, query, headers: this.headers(), clientCertificate: this.clientCertificate() }
  }

  /** Gives the event what a backend may see of the handshake: only where one is about to be asked. */
  fillEvent(): void {
    this.connectRequest()
  }

  connectRequest(): ConnectRequest {
    if (this.event.request !== null) return this.event.request
    const request = copyConnectRequest(this, this.client, this.event.traceId)
    this.event.request = this.stage.connectRoute?.authorizer?.conceal?.(request) ?? request
    return this.event.request
  }
}

interface RequestCopy {
  readonly path: string
  readonly query: string
  readonly headers: HeaderList
  readonly clientCertificate: string | null
}
