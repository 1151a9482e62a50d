import type { ConnectEvent, ConnectRequest } from '../../events/connect-event.ts'
import { headerMaps, queryMaps, requestContext } from '../../events/event-text.ts'
import type { HeaderList } from '../../vocabulary/headers.ts'

/** The headers of a handshake that its authorizer sees and its backend does not, as AWS's sample spells them. */
const handshakeHeaders: HeaderList = [
  ['Connection', 'upgrade'],
  ['Upgrade', 'websocket'],
  ['content-length', '0'],
]

/**
 * The event of a REQUEST authorizer of a WebSocket API as JSON text ("Creating an authorizer for WebSocket APIs"):
 * every member is there, maps without entries too. Put together by hand, as the events of integrations are.
 */
export function createAuthorizerEvent(
  stageVariables: Readonly<Record<string, string>>,
  methodArn: string,
): (event: ConnectEvent, request: ConnectRequest) => string {
  const start = `{"type":"REQUEST","methodArn":${JSON.stringify(methodArn)},`
  const variables = JSON.stringify(stageVariables)
  return (event, request) => {
    const headers = headerMaps([...request.headers, ...handshakeHeaders])
    const query = queryMaps(request.query)
    return (
      `${start}"headers":${headers.single},"multiValueHeaders":${headers.multi},` +
      `"queryStringParameters":${query.single},"multiValueQueryStringParameters":${query.multi},` +
      `"stageVariables":${variables},"requestContext":${requestContext(event)}}`
    )
  }
}
