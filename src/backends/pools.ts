import type { buildConnector } from 'undici'
import type { ReportedEvent } from '../events/integration-report.ts'
import { GatewayError } from '../vocabulary/errors.ts'
import { BackendCall, type BackendRequest, type ClientOwner } from './call.ts'
import type { CallDeadlines } from './call-deadlines.ts'
import { CallList } from './call-list.ts'
import { type BackendClient, type BackendClientOptions, createBackendClient, loadUndici } from './client.ts'
import type { BackendResponse } from './response.ts'

export interface BackendPoolOptions extends BackendClientOptions {
  /**
   * Milliseconds that TCP and TLS may take; checked about once a second. A call's own deadline counts on top, exactly.
   */
  readonly connectTimeoutInMillis: number
  readonly maxConnectionsPerOrigin: number
  /** Calls that may wait for a connection of their origin; one more is INTEGRATION_OVERLOADED. */
  readonly maxWaitingPerOrigin: number
}

/** The connections to one origin. */
export interface Backend {
  /**
   * Sends one request; redirects are not followed. Rejects with INTEGRATION_TIMEOUT, INTEGRATION_FAILURE,
   * INTEGRATION_RESPONSE_TOO_LARGE or INTEGRATION_OVERLOADED, and sets the report of the event.
   */
  call(request: BackendRequest, deadlines: CallDeadlines, event: ReportedEvent | null): Promise<BackendResponse>
  /** Gives the backend back: its idle connections close when nobody else holds it, busy ones after their calls. */
  release(): void
}

/** Connections to backends, shared by all integrations of the same origin (`https://host:port`). */
export interface BackendPools {
  retain(origin: string): Backend
  /** Drops every connection; calls in flight fail. Safe to call twice. */
  close(): void
}

const noop = (): void => {}

/**
 * Pools in which a connection serves one call at a time (pipelining 1: nothing waits behind a slow answer). Clients
 * are lent out by hand and not by undici's Pool: that walks over its clients for every call, can't take back a call
 * that waits, and does not say which connection a call was on.
 */
export function createBackendPools(options: BackendPoolOptions): BackendPools {
  let connect: buildConnector.connector | null = null
  const origins = new Map<string, { readonly pool: OriginPool; holders: number }>()

  return {
    retain(origin) {
      connect ??= loadUndici().buildConnector({ timeout: options.connectTimeoutInMillis })
      const entry = origins.get(origin) ?? { pool: new OriginPool(origin, options, connect), holders: 0 }
      origins.set(origin, entry)
      entry.holders++
      let held = true
      return {
        call: (request, deadlines, event) => entry.pool.call(request, deadlines, event),
        release() {
          if (!held) return
          held = false
          if (--entry.holders > 0) return
          entry.pool.retire()
          origins.delete(origin)
        },
      }
    },
    close() {
      for (const { pool } of origins.values()) pool.destroy()
      origins.clear()
    },
  }
}

class OriginPool implements ClientOwner {
  readonly #origin: string
  readonly #options: BackendPoolOptions
  readonly #connect: buildConnector.connector
  /** The connection that was used last comes first: the rest may run into their idle timeout. */
  readonly #idle: BackendClient[] = []
  readonly #busy = new CallList<BackendCall>()
  readonly #waiting = new CallList<BackendCall>()
  #retired = false

  constructor(origin: string, options: BackendPoolOptions, connect: buildConnector.connector) {
    this.#origin = origin
    this.#options = options
    this.#connect = connect
  }

  call(request: BackendRequest, deadlines: CallDeadlines, event: ReportedEvent | null): Promise<BackendResponse> {
    const free = this.#busy.size < this.#options.maxConnectionsPerOrigin
    if (!free && this.#waiting.size >= this.#options.maxWaitingPerOrigin) {
      return Promise.reject(new GatewayError('INTEGRATION_OVERLOADED'))
    }
    return new Promise((resolve, reject) => {
      const call = new BackendCall(request, this, deadlines, event, resolve, reject)
      if (free) this.#start(call, this.#idle.pop() ?? this.#newClient())
      else this.#waiting.add(call)
    })
  }

  finished(call: BackendCall): void {
    this.#busy.remove(call)
    const client = call.client as BackendClient
    const next = this.#waiting.shift()
    if (next !== null) this.#start(next, client)
    else if (this.#retired) client.destroy(null, noop)
    else this.#idle.push(client)
  }

  broken(call: BackendCall): void {
    if (call.client === null) {
      this.#waiting.remove(call)
      return
    }
    this.#busy.remove(call)
    call.client.destroy(null, noop)
    const next = this.#waiting.shift()
    if (next !== null) this.#start(next, this.#newClient())
  }

  retry(call: BackendCall): void {
    call.client?.destroy(null, noop)
    this.#busy.remove(call)
    this.#start(call, this.#newClient())
  }

  /** Takes no further calls; those that run or wait are still served. */
  retire(): void {
    this.#retired = true
    for (const client of this.#idle.splice(0)) client.destroy(null, noop)
  }

  destroy(): void {
    this.retire()
    for (const call of [...this.#waiting.all(), ...this.#busy.all()]) call.onError(new Error('the gateway is stopping'))
  }

  #start(call: BackendCall, client: BackendClient): void {
    call.client = client
    this.#busy.add(call)
    client.dispatch(call.request, call)
  }

  #newClient(): BackendClient {
    return createBackendClient(this.#origin, this.#options, this.#connect)
  }
}
