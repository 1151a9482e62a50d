/**
 * The cost of a message to a group of 1,000 beyond what the server underneath does: nanoseconds a socket, from the call to
 * the end of the turn, with caches that other work has used meanwhile, as the kernel's does.
 *
 *     npx tsx --conditions postern-source load/bench/micro/fan-out.ts
 */
import { Connection } from '../../../src/gateway/connection.ts'
import { createOpenConnections } from '../../../src/gateway/local-connections.ts'
import { createLocalGroups } from '../../../src/gateway/local-groups.ts'
import type { Audience } from '../../../src/registry/group-contract.ts'
import type { StageSlot } from '../../../src/stages/stage-slot.ts'
import type { WebSocketStage } from '../../../src/stages/websocket-stage.ts'
import { TurnWrites } from '../../../src/transport/turn-writes.ts'
import { type NativeSocket, UwsSocket } from '../../../src/transport/uws/socket.ts'
import { allocateConnectionId } from '../../../src/vocabulary/ids.ts'

const members = 1_000
const rounds = 3_000
const everyone = { apiId: 'chat', stage: 'dev', kind: 'all', name: '' } as const
const group = { apiId: 'chat', stage: 'dev', kind: 'group', name: 'kitchen' } as const
const pushed = { value: 0 }
// Only these members are read.
const current = { slowConsumer: 'CLOSE', pushed } as unknown as WebSocketStage
const slot = { apiId: 'chat', stageName: 'dev', current } as StageSlot<WebSocketStage>
const desk = { maxBufferedBytes: 1_048_576, turn: new TurnWrites(), waiting: { total: 0 } }
const open = createOpenConnections({ now: Date.now })
const groups = createLocalGroups({ open, now: Date.now, maxGroupsPerConnection: 100, compileFilter: () => () => true })
/** Memory as large as what is near to a core: it is walked through between any two messages. */
const others = new Float64Array(1_000_000)
let written = 0

/** A socket of the server underneath that only counts. */
function nativeSocket<Data>(): NativeSocket<Data> {
  const send = () => ++written && 1
  const cork = (write: () => void) => write()
  return { send, cork, getBufferedAmount: () => 0 } as unknown as NativeSocket<Data>
}

for (let i = 0; i < members; i++) {
  const connection = new Connection({
    ...{ connectionId: allocateConnectionId(1), slot, connectedAt: Date.now() },
    ...{ sourceIp: '::1', userAgent: null, domainName: 'localhost' },
  })
  const socket = new UwsSocket(connection, desk, false)
  socket.opened(nativeSocket())
  connection.socket = socket
  open.add(connection)
  groups.join(connection.connectionId, group)
}

/** Nanoseconds a socket of so many messages in one turn, the median of all rounds. */
async function measure(audience: Audience, messages: number): Promise<number> {
  const data = Buffer.alloc(90, 'x')
  const terms = { except: [], filter: null, coalesce: null, failures: 0 }
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < others.length; i += 8) others[i] = (others[i] as number) + 1
    const start = process.hrtime.bigint()
    for (let i = 0; i < messages; i++) groups.send(audience, { data, binary: false }, terms)
    // The sockets write in an immediate that was set before this one.
    const ended = await new Promise<bigint>((resolve) => setImmediate(() => resolve(process.hrtime.bigint())))
    times.push(Number(ended - start))
  }
  return (times.toSorted((a, b) => a - b)[rounds >> 1] as number) / members
}

for (const [audience, messages] of [
  [group, 1],
  [everyone, 1],
  [group, 8],
] as const) {
  const nanoseconds = await measure(audience, messages)
  console.log(`${audience.kind.padEnd(5)}  ${messages} in a turn  ${nanoseconds.toFixed(0).padStart(4)} ns a socket`)
}
if (written !== pushed.value) throw new Error(`${written} of ${pushed.value} were written`)
