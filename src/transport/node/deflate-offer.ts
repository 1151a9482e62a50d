/**
 * Finds the first offer of permessage-deflate in a Sec-WebSocket-Extensions header that can be kept, as RFC 7692 §7.1
 * asks: nothing unknown, nothing twice, values in their bounds. Gives it as what is agreed on; null when all are to be
 * declined, with which a connection goes on without compression.
 *
 * A window of 8 bits for what we send is declined: zlib makes 9 of it. The client's window is left to the client,
 * since any can be read.
 */
export function agreedDeflate(extensions: string): string | null {
  for (const offer of extensions.split(',')) {
    const [name, ...parameters] = offer.split(';').map((part) => part.trim())
    if (name !== 'permessage-deflate') continue
    const agreed = agreedWindow(parameters)
    if (agreed !== null) return agreed === 0 ? name : `${name}; server_max_window_bits=${agreed}`
  }
  return null
}

/** The bits of the window for what the server sends, 0 for as many as it likes; null for an offer to be declined. */
function agreedWindow(parameters: readonly string[]): number | null {
  const seen = new Set<string>()
  let window = 0
  for (const parameter of parameters) {
    const [, name = '', value] = /^([a-z_]+)(?:\s*=\s*"?([0-9]+)"?)?$/.exec(parameter) ?? []
    if (seen.has(name)) return null
    seen.add(name)
    switch (name) {
      case 'server_no_context_takeover':
      case 'client_no_context_takeover':
        if (value !== undefined) return null
        break
      case 'client_max_window_bits':
        if (value !== undefined && !isWindow(value)) return null
        break
      case 'server_max_window_bits':
        if (value === undefined || !isWindow(value) || value === '8') return null
        window = Number(value)
        break
      default:
        return null
    }
  }
  return window
}

/** Whether a value is 8 to 15 without leading zeros (RFC 7692 §7.1.2). */
function isWindow(value: string): boolean {
  return /^(?:8|9|1[0-5])$/.test(value)
}
