import { maxAudienceNameBytes } from '../registry/group-contract.ts'

/** The rule for names of groups and ids of users, in the words of the answer that refuses one. */
export const audienceNameRule = `1 to ${maxAudienceNameBytes} bytes of UTF-8`

/** Whether a text may be the name of a group or the id of a user: whatever is UTF-8, and not too long. */
export function isAudienceName(name: string): boolean {
  return name !== '' && Buffer.byteLength(name) <= maxAudienceNameBytes && !/\p{Surrogate}/u.test(name)
}
