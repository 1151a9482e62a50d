import { expect, test } from 'vitest'
import type { MessageDefinition } from '../../../load/src/scenario/definition.ts'
import { type Distribution, draw } from '../../../load/src/scenario/distribution.ts'
import { now } from '../../../load/src/worker/clock.ts'
import { Lane } from '../../../load/src/worker/lane.ts'
import type { Member } from '../../../load/src/worker/member.ts'
import { compileKind } from '../../../load/src/worker/message-kind.ts'
import { Tally } from '../../../load/src/worker/tally.ts'
import type { WorkerContext } from '../../../load/src/worker/worker-context.ts'

interface Planned {
  readonly due: number
  readonly run: (due: number) => void
}

const millis = (value: number): Distribution => ({ kind: 'constant', value })

/** A lane whose timers are called by hand: those of a machine that is too busy are not. */
function laneOf(definition: Partial<MessageDefinition>, { canSend = true, mostSent = Number.POSITIVE_INFINITY } = {}) {
  const kind = compileKind({ send: 'x', reply: true, fanOut: false, ...definition }, 0)
  const sent: number[] = []
  const planned: Planned[] = []
  const tally = new Tally()
  const client = {
    canSend,
    waitingFor: () => 0,
    send: (_: unknown, due: number) => void sent.push(due),
  } as unknown as Member
  const context = {
    hasTraffic: true,
    random: () => 0,
    draw: (distribution: Distribution) => draw(distribution, () => 0),
    maySend: () => sent.length < mostSent,
    schedule: { at: (due: number, run: Planned['run']) => void planned.push({ due, run }), close() {} },
    tally,
  } as unknown as WorkerContext
  return { lane: new Lane(client, kind, context), sent, planned, tally }
}

test('what was due before the end and whose timer came late leaves at the end', () => {
  const { lane, sent, tally } = laneOf({ every: millis(10) })
  const start = now()
  lane.start()
  // No timer was called for 105 ms.
  lane.stop(start + 105)
  expect(sent.length).toBe(11)
  expect(tally.messagesUnsent).toBe(0)
})

test('what was due before the end and could not leave counts as unsent, by the time when the end was due', () => {
  const { lane, sent, tally } = laneOf({ every: millis(10) }, { canSend: false })
  const start = now()
  lane.start()
  lane.stop(start + 105)
  expect([sent.length, tally.messagesUnsent]).toEqual([0, 11])

  // The end itself comes late: what would have been due meanwhile was never asked for.
  const late = laneOf({ every: millis(10) }, { canSend: false })
  late.lane.start()
  const begun = now()
  for (const { due, run } of late.planned.splice(0)) run(due)
  while (now() < begun + 60);
  late.lane.stop(begun + 25)
  expect(late.tally.messagesUnsent).toBe(3)
})

test('thoughts that were due and could not leave count as unsent, those that were not due do not', () => {
  const { lane, planned, tally } = laneOf({ think: millis(50), inFlight: 2 }, { canSend: false })
  const start = now()
  lane.start()
  for (const { due, run } of planned.splice(0)) run(due)
  lane.replied()
  lane.stop(start + 25)
  expect(tally.messagesUnsent).toBe(2)
  lane.stop(start + 1000)
  expect(tally.messagesUnsent).toBe(2)
})

test('a run that has sent as many as it may owes nothing more', () => {
  const { lane, sent, tally } = laneOf({ every: millis(10) }, { mostSent: 3 })
  const start = now()
  lane.start()
  lane.stop(start + 105)
  expect([sent.length, tally.messagesUnsent]).toEqual([3, 0])
})
