/** Bytes of UTF-8 that the name of a group and the id of a user may have. */
export const maxAudienceNameBytes = 256

/** The rule for names of groups and ids of users, in the words of the answer that refuses one. */
export const audienceNameRule = `1 to ${maxAudienceNameBytes} bytes of UTF-8`

/** Whether a text may be the name of a group or the id of a user: whatever is UTF-8, and not too long. */
export function isAudienceName(name: string): boolean {
  return name !== '' && Buffer.byteLength(name) <= maxAudienceNameBytes && !/\p{Surrogate}/u.test(name)
}
