import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  GetConnectionCommand,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi'

/** A client keeps its TCP connections open: one a process, not one a message. */
let client = null
let clientEndpoint = ''

function clientOf(endpoint) {
  if (clientEndpoint === endpoint) return client
  client?.destroy()
  client = new ApiGatewayManagementApiClient({ endpoint })
  clientEndpoint = endpoint
  return client
}

export const connect = async (event) => {
  console.log(`${event.requestContext.connectionId} connects from ${event.requestContext.identity.sourceIp}`)
  return { statusCode: 200 }
}

export const disconnect = async (event) => {
  const { connectionId, disconnectStatusCode, disconnectReason } = event.requestContext
  console.log(`${connectionId} left: ${disconnectStatusCode} ${disconnectReason}`)
  return { statusCode: 200 }
}

export const message = async (event) => {
  const { domainName, stage, connectionId, routeKey } = event.requestContext
  const api = clientOf(`${process.env.SCHEME ?? 'https'}://${domainName}/${stage}`)
  const post = (id, data) =>
    api.send(new PostToConnectionCommand({ ConnectionId: id, Data: Buffer.from(JSON.stringify(data)) }))

  switch (routeKey) {
    case 'send': {
      const { to, data } = JSON.parse(event.body)
      try {
        await post(to, { from: connectionId, data })
      } catch (error) {
        // Gone is what was a connection once, a bad request what never was one.
        if (error.name !== 'GoneException' && error.name !== 'BadRequestException') throw error
        await post(connectionId, { notSent: error.name, to })
      }
      break
    }
    case 'about': {
      const about = await api.send(new GetConnectionCommand({ ConnectionId: connectionId }))
      await post(connectionId, {
        connectionId,
        connectedAt: about.ConnectedAt,
        lastActiveAt: about.LastActiveAt,
        identity: about.Identity,
      })
      break
    }
    case 'leave':
      await api.send(new DeleteConnectionCommand({ ConnectionId: connectionId }))
      break
    default:
      await post(connectionId, { actions: ['send', 'about', 'leave'] })
  }
  return { statusCode: 200 }
}
