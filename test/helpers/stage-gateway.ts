import { onTestFinished } from 'vitest'
import { createGateway, type Gateway } from '../../src/gateway/gateway.ts'
import { createOpenConnections, type OpenConnections } from '../../src/gateway/local-connections.ts'
import { createMemoryRegistry } from '../../src/registry/memory.ts'
import type { Catalog } from '../../src/stages/catalog.ts'
import { createStageSlot, type StageSlot } from '../../src/stages/stage-slot.ts'
import type { WebSocketStage } from '../../src/stages/websocket-stage.ts'
import { recordLog } from './record-log.ts'

export interface StageGateway {
  readonly gateway: Gateway
  readonly open: OpenConnections
  readonly slot: StageSlot<WebSocketStage>
}

/** A gateway from its parts with place for one connection, under whose every URL is the one stage. Ends with the test. */
export function createStageGateway(stage: WebSocketStage): StageGateway {
  const slot = createStageSlot(stage)
  const catalog: Catalog<WebSocketStage> = {
    resolve: () => ({ slot, stage, domainName: 'localhost', rest: '', takesClients: true, anyApi: false }),
    replace: () => [],
    slots: () => [slot],
  }
  const open = createOpenConnections({ now: Date.now })
  const registry = createMemoryRegistry({ local: open, name: 'test', version: 'test', now: Date.now })
  const gateway = createGateway({
    ...{ catalog, registry, open, log: recordLog(), now: Date.now, random: Math.random },
    clientAddress: () => ({ peer: '::1', sourceIp: '::1', port: '80', proto: 'http' }),
    ...{ maxConnections: 1, maxMessagesInFlight: 1, maxOrderedQueue: 1 },
  })
  onTestFinished(() => gateway.stop())
  return { gateway, open, slot }
}
