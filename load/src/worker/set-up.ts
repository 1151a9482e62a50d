import { maskedTextFrame } from '../client/frame-codec.ts'
import { noMessage } from '../scenario/template.ts'
import { now } from './clock.ts'
import type { Member } from './member.ts'
import { parse } from './message-kind.ts'
import type { WorkerContext } from './worker-context.ts'

/** The steps that a client goes through between its handshake and being ready. */
export class SetUp {
  readonly #client: Member
  readonly #context: WorkerContext
  readonly #outcome: { done(): void; failed(message: string): void }
  #step = -1
  #isOver = false

  constructor(client: Member, context: WorkerContext, outcome: { done(): void; failed(message: string): void }) {
    this.#client = client
    this.#context = context
    this.#outcome = outcome
  }

  start(): void {
    this.#next()
  }

  end(): void {
    this.#isOver = true
  }

  #next(): void {
    const step = this.#context.steps[++this.#step]
    if (step === undefined) {
      this.#isOver = true
      return this.#outcome.done()
    }
    if (step.send !== null) {
      this.#context.tally.counters.messagesOut++
      this.#client.queue(maskedTextFrame(step.send.render(this.#client.values, noMessage)))
    }
    if (step.reply === null) return this.#next()
    const at = this.#step
    this.#context.schedule.at(now() + step.reply.timeout, () => {
      if (!this.#isOver && at === this.#step) this.#fail(`${step.name}: no reply in time`)
    })
  }

  /** Whether the frame was what the step waits for. */
  message(bytes: number, source: Buffer, start: number): boolean {
    const step = this.#context.steps[this.#step]
    if (this.#isOver || step === undefined || step.reply === null) return false
    const document = parse(source.toString('utf8', start, start + bytes))
    if (!step.reply.matches(document)) return false
    for (const { name, read } of step.save) {
      const value = read(document)
      if (value === undefined || value === null) {
        this.#fail(`${step.name}: the reply has nothing to save as ${name}`)
        return true
      }
      this.#client.values.vars[name] = typeof value === 'string' ? value : JSON.stringify(value)
    }
    for (const check of step.reply.checks) {
      const failure = check.failure(document)
      this.#context.tally.check(check.name, failure === null, failure ?? '')
      if (failure !== null) this.#context.tally.error('check', `${check.name}: ${failure}`)
    }
    this.#next()
    return true
  }

  #fail(message: string): void {
    this.#isOver = true
    this.#outcome.failed(message)
  }
}
