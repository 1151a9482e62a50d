import type { Log } from '../observability/contract.ts'
import { GatewayError } from '../vocabulary/errors.ts'
import { createPipeline, type Step } from '../vocabulary/pipeline.ts'
import type { ArrivedCall, CallbackEnd } from './callback-steps.ts'

export interface CallPipelineOptions<Call> {
  /** The steps, of which the last answers the call where it is done. */
  readonly steps: readonly Step<Call, CallbackEnd>[]
  /** Called before a call is refused. */
  readonly refusing?: (carrier: Call) => void
  /** The line of the log for a call that failed by a fault of ours. */
  readonly failure: string
  readonly log: Log
}

/** Makes the function that takes a call through its steps, and answers one that is refused or fails. */
export function createCallPipeline<Call extends ArrivedCall>(
  options: CallPipelineOptions<Call>,
): (carrier: Call) => void {
  const { steps, refusing, failure, log } = options
  return createPipeline<Call, CallbackEnd>({
    steps,
    ended(carrier, end) {
      if (end === null || end === 'answered') return
      refusing?.(carrier)
      carrier.call.refuse(end.code, end.detail, end.retryAfter)
    },
    failed(carrier, error) {
      refusing?.(carrier)
      const { call } = carrier
      if (error instanceof GatewayError) return call.refuse(error.code)
      log.error({ err: error, api: call.stage.apiId }, failure)
      call.refuse('INTERNAL_ERROR')
    },
  })
}
