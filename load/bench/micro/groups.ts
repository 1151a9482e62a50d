/**
 * The cost of membership in groups of this worker: bytes of heap of each, and nanoseconds of joining and leaving, in
 * groups of several sizes.
 *
 *     npx tsx --conditions postern-source load/bench/micro/groups.ts
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Connection } from '../../../src/gateway/connection.ts'
import { createOpenConnections } from '../../../src/gateway/local-connections.ts'
import { createLocalGroups } from '../../../src/gateway/local-groups.ts'
import type { Group } from '../../../src/registry/group-contract.ts'
import type { StageSlot } from '../../../src/stages/stage-slot.ts'
import type { WebSocketStage } from '../../../src/stages/websocket-stage.ts'
import type { Socket } from '../../../src/transport/contract.ts'
import { allocateConnectionId } from '../../../src/vocabulary/ids.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const members = 100_000
// Only its name is read.
const slot = { apiId: 'chat', stageName: 'dev', current: null } as StageSlot<WebSocketStage>
const socket: Socket = {
  send: () => 'sent',
  sendShared: () => 'sent',
  end() {},
  terminate() {},
  bufferedBytes: () => 0,
  isWaiting: () => false,
  awaitDrain() {},
}

function heapBytes(): number {
  collect()
  collect()
  return process.memoryUsage().heapUsed
}

/** Measures `perConnection` memberships of each connection, in groups of so many members. */
function measure(groupSize: number, perConnection: number): string {
  const open = createOpenConnections({ now: () => 0 })
  const groups = createLocalGroups({
    open,
    now: () => 0,
    maxGroupsPerConnection: 10_000,
    compileFilter: () => () => true,
  })
  const ids = Array.from({ length: members / perConnection }, () => {
    const connection = new Connection({
      ...{ connectionId: allocateConnectionId(1), slot, connectedAt: 0 },
      ...{ sourceIp: '::1', userAgent: null, domainName: 'localhost' },
    })
    connection.socket = socket
    open.add(connection)
    return connection.connectionId
  })
  const inTurn = (at: number): [string, Group] => {
    const name = `room-${Math.floor(at / groupSize)}`
    return [ids[at % ids.length] as string, { apiId: 'chat', stage: 'dev', kind: 'group', name }]
  }
  const before = heapBytes()
  const joining = timed((at) => groups.join(...inTurn(at)))
  const bytes = (heapBytes() - before) / members
  const leaving = timed((at) => groups.leave(...inTurn(at)))
  const what = `groups of ${groupSize}, ${perConnection} of each connection`
  return `${what.padEnd(46)} ${bytes.toFixed(0).padStart(4)} bytes  join ${joining}  leave ${leaving}`
}

function timed(call: (at: number) => unknown): string {
  const start = process.hrtime.bigint()
  for (let i = 0; i < members; i++) call(i)
  return `${(Number(process.hrtime.bigint() - start) / members).toFixed(0).padStart(5)} ns`
}

for (const [groupSize, perConnection] of [
  [100_000, 1],
  [10, 1],
  [1, 1],
  [1_000, 10],
  [10, 10],
  [10, 100],
] as const) {
  console.log(measure(groupSize, perConnection))
}
