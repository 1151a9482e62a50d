import { expect, test } from 'vitest'
import type { Socket, Upgrade } from '../../src/transport/contract.ts'
import { emptyStage } from '../helpers/empty-stage.ts'
import { createStageGateway } from '../helpers/stage-gateway.ts'

test('a connection whose socket closes while it is being accepted is kept nowhere', () => {
  const { gateway, open, slot } = createStageGateway(emptyStage())
  const socket: Socket = {
    send: () => 'gone',
    sendShared: () => 'gone',
    end() {},
    terminate() {},
    bufferedBytes: () => 0,
    isWaiting: () => false,
    awaitDrain() {},
  }
  type Connection = Parameters<typeof gateway.close>[0]
  const handshake = (accept: Upgrade<Connection>['accept']): Upgrade<Connection> => ({
    request: {
      method: 'GET',
      path: '/dev',
      query: '',
      header: () => '',
      headers: () => [],
      remoteAddress: () => '::1',
      clientCertificate: () => null,
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
