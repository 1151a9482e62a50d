import { shortAnswer } from '../responses/short-answer.ts'
import type { ErrorCode } from '../vocabulary/errors.ts'
import type { HeaderList, OwnHeaders } from '../vocabulary/headers.ts'

/** A request that waits for its answer: knows whether the client is still there and answers at most once. */
export abstract class PendingRequest {
  aborted = false
  protected answered = false
  /** Whether an answer has begun that is written piece by piece, and not ended yet. */
  protected isWriting = false
  protected readonly isDraining: () => boolean
  #abortListener: (() => void) | null = null

  constructor(isDraining: () => boolean) {
    this.isDraining = isDraining
  }

  /**
   * Adds a listener for the client's going. One that comes after the abort is called at once; several are called in
   * their order.
   */
  onAborted(listener: () => void): void {
    if (this.aborted) return listener()
    const earlier = this.#abortListener
    this.#abortListener =
      earlier === null
        ? listener
        : () => {
            earlier()
            listener()
          }
  }

  abort(): void {
    this.aborted = true
    this.#abortListener?.()
    this.#abortListener = null
  }

  /** Whether the request is neither answered to the end nor aborted yet. */
  get isWaiting(): boolean {
    return (!this.answered || this.isWriting) && !this.aborted
  }

  /** Answers with 500 unless an answer is on its way already. */
  fail(): void {
    this.answerShort('INTERNAL_ERROR')
  }

  answerShort(code: ErrorCode): void {
    const { status, headers, body } = shortAnswer(code)
    this.answer(status, headers, body)
  }

  /** Answers in full, unless an answer is on its way already or the client has gone. */
  protected answer(status: number, headers: HeaderList | OwnHeaders, body: string | Uint8Array | null): void {
    if (this.claim()) this.write(status, headers, body)
  }

  /** Writes the answer; called at most once, and only while the client is there. */
  protected abstract write(status: number, headers: HeaderList | OwnHeaders, body: string | Uint8Array | null): void

  /** Claims the right to answer: true for the first who asks while the client is there. */
  protected claim(): boolean {
    if (this.answered || this.aborted) return false
    this.answered = true
    return true
  }
}
