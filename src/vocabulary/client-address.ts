/** The address by which a client reached the gateway. */
export interface ClientAddress {
  /** The address at the other end of the TCP connection. */
  readonly peer: string
  /** The client's: the peer's, or what trusted proxies say. */
  readonly sourceIp: string
  readonly port: string
  readonly proto: string
  /** The path under which a trusted proxy serves the gateway, `/gateway`; empty for none. */
  readonly prefix: string
  /** Whether the peer is a trusted proxy; absent for no. */
  readonly isProxied?: boolean
}
