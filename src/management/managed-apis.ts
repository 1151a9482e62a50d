import { hostOf } from '../vocabulary/host.ts'

/** A served stage as the management port shows it. */
export interface ManagedStage {
  readonly stage: string
  readonly routeKeys: readonly string[]
  /** Open connections of this worker. */
  readonly connections: number
}

export interface ManagedApi {
  readonly apiId: string
  /** The API's route selection expression, for the playground's examples; null when it should offer none. */
  readonly routeSelectionExpression: string | null
  readonly stages: readonly ManagedStage[]
}

/** The address where clients reach the gateway, as far as the process itself knows. */
export interface GatewayAddress {
  readonly scheme: 'ws' | 'wss'
  /** The host that the gateway is bound to. */
  readonly host: string
  readonly port: number
}

const everywhere = new Set(['0.0.0.0', '::', '[::]', ''])
const loopback = new Set(['127.0.0.1', '::1', '[::1]', 'localhost'])

/**
 * The WebSocket URL of a stage for someone who reached the management port under `hostHeader`: behind a tunnel or in
 * a container the name that they used is better than the address that the gateway is bound to.
 */
export function stageUrl(gateway: GatewayAddress, hostHeader: string, apiId: string, stage: string): string {
  const sameHost = everywhere.has(gateway.host) || loopback.has(gateway.host)
  const host = (sameHost ? hostOf(hostHeader) : null) ?? bracketed(gateway.host)
  return `${gateway.scheme}://${host}:${gateway.port}/${encodeURIComponent(apiId)}/${encodeURIComponent(stage)}`
}

function bracketed(host: string): string {
  if (everywhere.has(host)) return '127.0.0.1'
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}
