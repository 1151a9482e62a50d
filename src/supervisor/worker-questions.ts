import type { WorkerQuestion } from './protocol.ts'

/**
 * The most questions to one worker that wait for an answer: one that is stuck must not make the parent's memory grow.
 */
const maxWaiting = 256

/** The questions of the parent to one worker, each with its answer. */
export interface WorkerQuestions {
  /**
   * Asks the worker; resolves with the answer, and with undefined when it does not come in time (null: however long it
   * takes), when too many wait already, or when nobody will answer any more. Never rejects.
   */
  ask(question: WorkerQuestion, timeoutInMillis: number | null): Promise<unknown>
  answered(id: number, answer: unknown): void
  /** Gives up what waits: nobody will answer any more. */
  close(): void
}

export function createWorkerQuestions(send: (id: number, question: WorkerQuestion) => void): WorkerQuestions {
  const waiting = new Map<number, (answer: unknown) => void>()
  let lastId = 0
  let closed = false

  return {
    ask(question, timeoutInMillis) {
      if (closed || waiting.size >= maxWaiting) return Promise.resolve(undefined)
      const id = ++lastId
      return new Promise((resolve) => {
        const settle = (answer: unknown) => {
          if (timer !== null) clearTimeout(timer)
          waiting.delete(id)
          resolve(answer)
        }
        const timer = timeoutInMillis === null ? null : setTimeout(() => settle(undefined), timeoutInMillis)
        waiting.set(id, settle)
        send(id, question)
      })
    },
    answered: (id, answer) => waiting.get(id)?.(answer),
    close() {
      closed = true
      for (const settle of [...waiting.values()]) settle(undefined)
    },
  }
}
