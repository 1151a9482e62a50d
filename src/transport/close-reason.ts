const maxReasonBytes = 123

/** Cuts a close reason to what fits into a control frame (RFC 6455 §5.5), between characters. */
export function cutReason(reason: string): string {
  if (reason.length * 3 <= maxReasonBytes) return reason
  const bytes = Buffer.from(reason)
  if (bytes.length <= maxReasonBytes) return reason
  let end = maxReasonBytes
  while (((bytes[end] as number) & 0xc0) === 0x80) end--
  return bytes.toString('utf8', 0, end)
}
