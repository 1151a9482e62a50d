import { errorTable } from '../vocabulary/errors.ts'

/** The values of a frame `Bad request body`. */
export interface BadRequestBodyFrame {
  readonly connectionId: string
  readonly idMember: 'requestId' | 'messageId'
  readonly id: string
  /** The reasons by JSON pointers; null to keep them to the logs. */
  readonly details: readonly { readonly pointer: string; readonly message: string }[] | null
}

/** The text of the frame that refuses a message which fails its model, in the spelling of all error frames. */
export function badRequestBodyFrame({ connectionId, idMember, id, details }: BadRequestBodyFrame): string {
  const { message } = errorTable.BAD_REQUEST_BODY
  const rest = details === null ? '' : `, "validationDetails":${JSON.stringify(details)}`
  return `{"message": "${message}", "connectionId":"${connectionId}", "${idMember}":"${id}"${rest}}`
}
