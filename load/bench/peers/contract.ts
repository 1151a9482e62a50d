import type { LoadOptions } from '../client/load.ts'
import type { Servers } from '../server-process.ts'

/** The works that are compared; `works.ts` says what each is. */
export type WorkName = 'push' | 'push-across' | 'fan-out' | 'fan-out-8' | 'message' | 'accept' | 'accept-asked' | 'idle'

/** The surroundings of the servers of a peer. */
export interface Site {
  /** Base URL and port of `servers/backend.mjs`, whose CPU time nobody pays for. */
  readonly backend: { readonly url: string; readonly port: number }
  /** A folder of API definitions for the gateway. */
  readonly apis: string
}

/** The way in which a peer does a work, or why it can't. */
export type PeerWork =
  | {
      /** Starts fresh processes. */
      readonly start: (site: Site) => Promise<Servers>
      /** The load in the words of this peer: paths, wire format. */
      readonly load: Partial<LoadOptions>
      /** A remark that a reader of the figure needs. */
      readonly note?: string
    }
  | { readonly cannot: string }

/** A server beside which the gateway is measured. */
export interface Peer {
  readonly name: string
  /** The command that installs it. */
  readonly install: string
  /** The set-up of the peer, and which page of its documentation it follows: a sentence or two for the page. */
  readonly setUp: string
  /** The version of the peer that this machine has; null when it is missing. */
  version(): Promise<string | null>
  readonly works: Readonly<Record<WorkName, PeerWork>>
}
