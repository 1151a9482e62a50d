import { expect, onTestFinished, test } from 'vitest'
import { createGateway } from '../../src/gateway/gateway.ts'
import { createOpenConnections } from '../../src/gateway/local-connections.ts'
import type { Log } from '../../src/observability/contract.ts'
import { createMemoryRegistry } from '../../src/registry/memory.ts'
import type { Catalog } from '../../src/stages/catalog.ts'
import { createStageSlot } from '../../src/stages/stage-slot.ts'
import type { WebSocketStage } from '../../src/stages/websocket-stage.ts'
import type { Socket, Upgrade } from '../../src/transport/contract.ts'
import { emptyStage } from '../helpers/empty-stage.ts'

const log: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }

test('a connection whose socket closes while it is being accepted is kept nowhere', () => {
  const stage = emptyStage()
  const slot = createStageSlot(stage)
  const catalog: Catalog<WebSocketStage> = {
    resolve: () => ({ slot, stage, domainName: 'localhost', rest: '', takesClients: true, anyApi: false }),
    replace: () => [],
    slots: () => [slot],
  }
  const open = createOpenConnections({ now: Date.now })
  const registry = createMemoryRegistry({ local: open, name: 'test', version: 'test', now: Date.now })
  const gateway = createGateway({
    catalog,
    registry,
    open,
    log,
    now: Date.now,
    random: Math.random,
    clientAddress: () => ({ peer: '::1', sourceIp: '::1', port: '80', proto: 'http' }),
    maxConnections: 1,
    maxMessagesInFlight: 1,
    maxOrderedQueue: 1,
  })
  onTestFinished(() => gateway.stop())
  const socket: Socket = { send: () => 'gone', end() {}, terminate() {}, bufferedBytes: () => 0 }
  type Connection = Parameters<typeof gateway.close>[0]
  const handshake = (accept: Upgrade<Connection>['accept']): Upgrade<Connection> => ({
    request: {
      method: 'GET',
      path: '/dev',
      query: '',
      header: () => '',
      headers: () => [],
      remoteAddress: () => '::1',
    },
    aborted: false,
    onAborted() {},
    accept,
    refuse: () => expect.fail('the only place is free'),
  })

  for (let round = 0; round < 2; round++) {
    gateway.upgrade(
      handshake((connection) => {
        gateway.close(connection, 1006, '', 'lost')
        return socket
      }),
    )
    expect(open.size).toBe(0)
    expect(slot.connections).toBe(0)
  }
})
