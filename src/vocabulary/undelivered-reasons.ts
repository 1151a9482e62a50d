/** The reasons why a client does not get a message that is for many, all of them that it reads too slowly. */
export const undeliveredReasons = {
  full: 'as much waits for the client as may wait for one (`maxBufferedBytes`)',
  workerFull: 'as much waits for all slow clients of this process as may (`maxWaitingBytes`)',
  replaced: 'a newer message came under the same coalesce key while it waited',
} as const

export type UndeliveredReason = keyof typeof undeliveredReasons
