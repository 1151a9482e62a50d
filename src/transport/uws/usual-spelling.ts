/**
 * The usual spelling of header names by their lower-case form: uWebSockets.js hands names over in lower case, while
 * backends look for the spelling that clients use (`event.headers.Host`). Names that are not listed stay in lower case.
 */
export const usualSpelling: ReadonlyMap<string, string> = new Map(
  [
    'Accept',
    'Accept-Encoding',
    'Accept-Language',
    'Authorization',
    'Cache-Control',
    'Content-Type',
    'Cookie',
    'DNT',
    'Forwarded',
    'Host',
    'Origin',
    'Pragma',
    'Referer',
    'Sec-Fetch-Dest',
    'Sec-Fetch-Mode',
    'Sec-Fetch-Site',
    'Sec-WebSocket-Extensions',
    'Sec-WebSocket-Key',
    'Sec-WebSocket-Protocol',
    'Sec-WebSocket-Version',
    'User-Agent',
    'Via',
    'X-Amzn-Trace-Id',
    'X-Forwarded-For',
    'X-Forwarded-Host',
    'X-Forwarded-Port',
    'X-Forwarded-Prefix',
    'X-Forwarded-Proto',
  ].map((name) => [name.toLowerCase(), name]),
)
