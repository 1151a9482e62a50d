import { expect, onTestFinished } from 'vitest'
import { createGateway, type Gateway } from '../../src/gateway/gateway.ts'
import { createOpenConnections, type OpenConnections } from '../../src/gateway/local-connections.ts'
import { type ConnectionGroups, createLocalGroups } from '../../src/gateway/local-groups.ts'
import { createRefusals } from '../../src/gateway/refusals.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { createMemoryRegistry } from '../../src/registry/memory.ts'
import type { RevocationCheck } from '../../src/revocations/contract.ts'
import type { Catalog } from '../../src/stages/catalog.ts'
import { createStageSlot, type StageSlot } from '../../src/stages/stage-slot.ts'
import type { WebSocketStage } from '../../src/stages/websocket-stage.ts'
import type { Socket } from '../../src/transport/contract.ts'
import { recordLog } from './record-log.ts'

export type GatewayConnection = Parameters<Gateway['close']>[0]

export interface StageGateway {
  readonly gateway: Gateway
  readonly open: OpenConnections
  readonly groups: ConnectionGroups
  readonly slot: StageSlot<WebSocketStage>
  /** Lets a client in whose socket is this one; the connection that it has from then on. */
  connect(socket: Partial<Socket>): GatewayConnection
}

/**
 * A gateway from its parts with place for one connection, under whose every URL is the one stage. `doubt` is the
 * registry's, when it has some; nobody is revoked unless `revocations` says so. Ends with the test.
 */
export function createStageGateway(
  stage: WebSocketStage,
  doubt: () => Promise<void> | null = () => null,
  revocations: RevocationCheck = { find: () => null },
): StageGateway {
  const slot = createStageSlot(stage)
  const catalog: Catalog<WebSocketStage> = {
    resolve: () => ({ slot, stage, domainName: 'localhost', rest: '', takesClients: true, anyApi: false }),
    replace: () => [],
    slots: () => [slot],
  }
  const open = createOpenConnections({ now: Date.now })
  const groups = createLocalGroups({
    open,
    now: Date.now,
    maxGroupsPerConnection: 100,
    compileFilter: () => () => true,
  })
  const registry = createMemoryRegistry({
    local: open,
    localGroups: groups,
    name: 'test',
    version: 'test',
    now: Date.now,
  })
  const gateway = createGateway({
    plainRequest: () => {},
    ...{
      catalog,
      registry: { ...registry, doubt },
      open,
      groups,
      log: recordLog(),
      now: Date.now,
      random: Math.random,
    },
    clientAddress: () => ({ peer: '::1', sourceIp: '::1', port: '80', proto: 'http', prefix: '' }),
    refusals: createRefusals({
      metrics: createMetrics({ processMetrics: false }),
      sourceIp: () => '::1',
      log: recordLog(),
      now: Date.now,
    }),
    revocations,
    ...{ maxConnections: 1, maxMessagesInFlight: 1, maxOrderedQueue: 1 },
  })
  onTestFinished(() => gateway.stop())
  function connect(socket: Partial<Socket>): GatewayConnection {
    let connection: GatewayConnection | null = null
    gateway.upgrade({
      request: {
        ...{ method: 'GET', path: '/dev', query: '' },
        ...{ header: () => '', headers: () => [], remoteAddress: () => '::1', clientCertificate: () => null },
      },
      aborted: false,
      onAborted() {},
      accept(accepted) {
        connection = accepted
        return {
          send: () => 'sent',
          sendShared: () => 'sent',
          end() {},
          terminate() {},
          bufferedBytes: () => 0,
          isWaiting: () => false,
          awaitDrain() {},
          ...socket,
        }
      },
      refuse: () => expect.fail('the only place is free'),
    })
    return connection ?? expect.fail('the handshake was not answered')
  }

  return { gateway, open, groups, slot, connect }
}
