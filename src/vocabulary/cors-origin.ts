/** Whether a text may stand among the `allowOrigins` of an HTTP API: `*`, `http://*`, `https://*`, or an origin. */
export function isCorsOrigin(text: string): boolean {
  if (text === '*' || text === 'http://*' || text === 'https://*' || text === 'null') return true
  if (text.length > 512 || !/^[a-z][a-z0-9+.-]*:\/\/[a-z0-9.[\]:_-]+$/.test(text)) return false
  // Browsers send an origin in this one spelling: anything else here would never match.
  return !URL.canParse(text) || !/^https?:/.test(text) || new URL(text).origin === text
}
